/** Codecs in the order in which they are preferred; all others follow as the browser has them. */
const PREFERRED = {
  // RED sends each packet's sound twice: a tenth of the packets may be lost unheard.
  audio: ["audio/red", "audio/opus"],
  // Every browser encodes VP8, and degrades with it gracefully, on any hardware.
  video: ["video/vp8"],
} as const;

export function preferredFirst<T extends { mimeType: string }>(
  kind: "audio" | "video",
  codecs: readonly T[],
): T[] {
  const preferred: readonly string[] = PREFERRED[kind];
  const rank = (codec: T): number => {
    const at = preferred.indexOf(codec.mimeType.toLowerCase());
    return at === -1 ? preferred.length : at;
  };
  return [...codecs].sort((a, b) => rank(a) - rank(b));
}

/** Applies the preference to a transceiver, where the browser lets us. */
export function preferCodecs(
  transceiver: RTCRtpTransceiver,
  capabilities: (kind: string) => RTCRtpCapabilities | null,
): void {
  const kind = transceiver.receiver.track.kind === "audio" ? "audio" : "video";
  const codecs = capabilities(kind)?.codecs;
  if (codecs !== undefined && "setCodecPreferences" in transceiver) {
    transceiver.setCodecPreferences(preferredFirst(kind, codecs));
  }
}
