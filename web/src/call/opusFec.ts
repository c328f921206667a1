/**
 * Asks the other side for Opus with in-band FEC (RFC 7587 section 6.1), for which browsers have
 * no API. Chromium and Firefox ask by default, so for them this changes nothing.
 */
export function withOpusFec(sdp: string): string {
  const opus = [...sdp.matchAll(/^a=rtpmap:(\d+) opus\/48000/gim)].map((match) => match[1]);
  return opus.reduce<string>((text, payloadType) => withFec(text, payloadType ?? ""), sdp);
}

function withFec(sdp: string, payloadType: string): string {
  const parameters = new RegExp(`^(a=fmtp:${payloadType} )(.*?)(\\r?)$`, "m");
  if (!parameters.test(sdp)) {
    const mapping = new RegExp(`^(a=rtpmap:${payloadType} .*?)(\\r?\\n)`, "m");
    return sdp.replace(mapping, `$1$2a=fmtp:${payloadType} useinbandfec=1$2`);
  }
  return sdp.replace(parameters, (line: string, start: string, list: string, end: string) => {
    const others = list.split(";").filter((parameter) => !/^\s*useinbandfec\s*=/.test(parameter));
    const asked = /(^|;)\s*useinbandfec=1\s*(;|$)/.test(list);
    return asked ? line : `${start}${[...others, "useinbandfec=1"].join(";")}${end}`;
  });
}
