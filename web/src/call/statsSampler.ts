import type { PeerId } from "../protocol/generated";
import { every, type Clock } from "../services/clock";
import type { Report } from "../services/report";
import type { CallMedia } from "./callMedia";
import type { LateParts, LazyParts } from "./lazyParts";
import type { CallStats, Observable, PeerStats, ServerStats } from "./model";
import { createStore } from "./observable";
import type { ServerTotals } from "./serverStats";
import type { StatsTotals } from "./stats";

const SAMPLE_MS = 1_000;

/** The statistics of each connection, every second while somebody looks. */
export function createStatsSampler(
  { clock, report, lateParts }: { clock: Clock; report: Report; lateParts: LazyParts<LateParts> },
  media: Pick<CallMedia, "peers" | "server">,
): Observable<CallStats> {
  let totals = new Map<PeerId, StatsTotals>();
  let serverTotals: ServerTotals | null = null;
  const store = createStore<CallStats>({ peers: new Map(), server: null }, () => {
    sample();
    return every(clock, SAMPLE_MS, sample);
  });

  async function sampleAll({ readStats, readServerStats }: LateParts): Promise<void> {
    const stats = new Map<PeerId, PeerStats>();
    const next = new Map<PeerId, StatsTotals>();
    for (const [peerId, peer] of media.peers()) {
      const current = await peer.stats();
      if (current !== null) {
        const sampled = readStats(current.values(), clock.now(), totals.get(peerId) ?? null);
        stats.set(peerId, sampled.stats);
        next.set(peerId, sampled.totals);
      }
    }
    totals = next;
    store.set({ peers: stats, server: await sampleServer(readServerStats) });
  }

  async function sampleServer(readServerStats: LateParts["readServerStats"]): Promise<ServerStats | null> {
    const connection = media.server();
    const report = await connection?.stats();
    if (connection === null || report === null || report === undefined) {
      serverTotals = null;
      return null;
    }
    const sampled = readServerStats(connection, report.values(), clock.now(), serverTotals);
    serverTotals = sampled.totals;
    return sampled.stats;
  }

  function sample(): void {
    const parts = lateParts.current();
    if (parts === null) {
      // There is another sample in a second.
      lateParts.want();
      return;
    }
    sampleAll(parts).catch((error: unknown) => report("sampling statistics", error));
  }

  return { get: store.get, subscribe: store.subscribe };
}
