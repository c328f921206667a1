/** On which way media goes, as the browser tells. */
import type { Page } from "playwright-core";

import { eventually } from "./waiting";

export interface Path {
  /** "host", "srflx", "prflx" or "relay". */
  readonly local: string;
  /** "udp" or "tcp"; of a relay, what it sends on. */
  readonly protocol: string;
  /** Between the browser and its TURN server: "udp", "tcp" or "tls". */
  readonly relayProtocol: string | null;
  readonly url: string | null;
}

/** Sent to the browser as text; runs before the page's own code and after the probe. */
export function relayOnly(): void {
  const Probed = window.RTCPeerConnection;
  const onlyRelays = (given: RTCConfiguration | undefined): RTCConfiguration => ({
    ...given,
    iceTransportPolicy: "relay",
  });
  window.RTCPeerConnection = class extends Probed {
    constructor(configuration?: RTCConfiguration) {
      super(onlyRelays(configuration));
    }
    override setConfiguration(configuration?: RTCConfiguration): void {
      super.setConfiguration(onlyRelays(configuration));
    }
  };
}

/** Of each open connection. */
export async function paths(page: Page): Promise<Path[]> {
  return page.evaluate(async () => {
    const found: Path[] = [];
    for (const connection of window.__probe.connections()) {
      const report = await connection.getStats();
      const stats = new Map<string, Record<string, unknown>>();
      report.forEach((entry: { id: string }) => stats.set(entry.id, { ...entry }));
      for (const transport of stats.values()) {
        if (transport["type"] !== "transport") continue;
        const pair = stats.get(String(transport["selectedCandidatePairId"]));
        const local = stats.get(String(pair?.["localCandidateId"]));
        if (local === undefined) continue;
        found.push({
          local: String(local["candidateType"]),
          protocol: String(local["protocol"]),
          relayProtocol: (local["relayProtocol"] as string | undefined) ?? null,
          url: (local["url"] as string | undefined) ?? null,
        });
      }
    }
    return found;
  });
}

/** Resolves when each connection of the page has a path. */
export async function pathsOnceConnected(page: Page, connections: number): Promise<Path[]> {
  let found: Path[] = [];
  await eventually(`${connections} connections have a path`, async () => {
    found = await paths(page);
    return found.length === connections;
  });
  return found;
}
