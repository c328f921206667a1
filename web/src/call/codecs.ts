/** Codecs in the order in which they are preferred; all others follow as the browser has them. */
const PREFERRED = {
  // RED sends each packet's sound twice: a tenth of the packets may be lost unheard.
  audio: ["audio/red", "audio/opus"],
  // Every browser encodes VP8, and degrades with it gracefully, on any hardware.
  video: ["video/vp8"],
} as const;

/** All that the media server passes on. */
const SERVER = {
  audio: ["audio/red", "audio/opus"],
  video: ["video/vp8", "video/h264", "video/rtx"],
} as const;

export function preferredFirst<T extends { mimeType: string }>(
  kind: "audio" | "video",
  codecs: readonly T[],
): T[] {
  return [...codecs].sort((a, b) => rank(PREFERRED[kind], a) - rank(PREFERRED[kind], b));
}

/**
 * Only what the media server knows, and of H.264 the one profile that every browser has: each
 * further line of a codec comes with each of the thirty sections of an offer, which has a bound.
 */
export function serverCodecs<T extends { mimeType: string; sdpFmtpLine?: string }>(
  kind: "audio" | "video",
  codecs: readonly T[],
): T[] {
  const known: readonly string[] = SERVER[kind];
  const kept = codecs.filter((codec) => known.includes(codec.mimeType.toLowerCase()) && isBaseline(codec));
  return kept.sort((a, b) => rank(known, a) - rank(known, b));
}

/** True for anything but other profiles or packetizations of H.264 than the usual one. */
function isBaseline({ mimeType, sdpFmtpLine = "" }: { mimeType: string; sdpFmtpLine?: string }): boolean {
  return (
    mimeType.toLowerCase() !== "video/h264" ||
    (/profile-level-id=42e0/i.test(sdpFmtpLine) && /packetization-mode=1/.test(sdpFmtpLine))
  );
}

function rank(order: readonly string[], { mimeType }: { mimeType: string }): number {
  const at = order.indexOf(mimeType.toLowerCase());
  return at === -1 ? order.length : at;
}

/** Applies the preference to a transceiver, where the browser lets us. */
export function preferCodecs(
  transceiver: RTCRtpTransceiver,
  capabilities: (kind: string) => RTCRtpCapabilities | null,
  choose: (kind: "audio" | "video", codecs: readonly RTCRtpCodec[]) => RTCRtpCodec[] = preferredFirst,
): void {
  const kind = transceiver.receiver.track.kind === "audio" ? "audio" : "video";
  const codecs = capabilities(kind)?.codecs;
  if (codecs !== undefined && "setCodecPreferences" in transceiver) {
    transceiver.setCodecPreferences(choose(kind, codecs));
  }
}
