/**
 * The header extensions that the media server knows: levels of voices, times and numbers for its
 * estimate of the path, names of sections and layers, and which way up a phone was held.
 */
const EXTENSIONS =
  /ssrc-audio-level|abs-send-time|transport-wide-cc-extensions-01|sdes:(mid|rtp-stream-id|repaired-rtp-stream-id)|video-orientation/;

/**
 * An offer without what the media server would pass over: of Chromium's thirty-seven sections
 * that is a third, and with it they would be more than a message may hold.
 */
export function compactOffer(sdp: string): string {
  return sdp
    .split("\n")
    .filter((line) => !isPassedOver(line))
    .join("\n");
}

function isPassedOver(line: string): boolean {
  return line.startsWith("a=extmap:")
    ? !EXTENSIONS.test(line)
    : /^a=(rtcp:|rtcp-xr:|rtcp-fb:\S+ goog-remb)/.test(line);
}
