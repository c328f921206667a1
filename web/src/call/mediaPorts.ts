/** Where a media server can be reached, for whoever has to open a firewall. */
export interface MediaPorts {
  readonly udp: readonly number[];
  readonly tcp: readonly number[];
}

const CANDIDATE = /^a=candidate:\S+ \d+ (udp|tcp) \d+ \S+ (\d{1,5}) /gim;

/** The ports of the candidates in an answer (RFC 8839 section 5.1). */
export function portsIn(sdp: string): MediaPorts {
  const udp = new Set<number>();
  const tcp = new Set<number>();
  for (const [, transport, port] of sdp.matchAll(CANDIDATE)) {
    (transport?.toLowerCase() === "udp" ? udp : tcp).add(Number(port));
  }
  return { udp: [...udp], tcp: [...tcp] };
}
