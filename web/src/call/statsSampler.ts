import type { PeerId } from "../protocol/generated";
import { every, type Clock } from "../services/clock";
import type { Report } from "../services/report";
import type { CallStats, Observable, PeerStats } from "./model";
import { createStore } from "./observable";
import type { Peer } from "./peer";
import { readStats, type StatsTotals } from "./stats";

const SAMPLE_MS = 1_000;

/** The statistics of each connection, every second while somebody looks. */
export function createStatsSampler(
  { clock, report }: { clock: Clock; report: Report },
  peers: () => ReadonlyMap<PeerId, Peer>,
): Observable<CallStats> {
  let totals = new Map<PeerId, StatsTotals>();
  const store = createStore<CallStats>({ peers: new Map(), server: null }, () => {
    sample();
    return every(clock, SAMPLE_MS, sample);
  });

  async function sampleAll(): Promise<void> {
    const stats = new Map<PeerId, PeerStats>();
    const next = new Map<PeerId, StatsTotals>();
    for (const [peerId, peer] of peers()) {
      const current = await peer.stats();
      if (current !== null) {
        const sampled = readStats(current.values(), clock.now(), totals.get(peerId) ?? null);
        stats.set(peerId, sampled.stats);
        next.set(peerId, sampled.totals);
      }
    }
    totals = next;
    store.set({ peers: stats, server: null });
  }

  function sample(): void {
    sampleAll().catch((error: unknown) => report("sampling statistics", error));
  }

  return { get: store.get, subscribe: store.subscribe };
}
