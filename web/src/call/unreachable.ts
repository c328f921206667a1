import type { PeerId } from "../protocol/generated";
import type { Clock } from "../services/clock";
import type { PeerConnectionState } from "./model";

/** Notices pairs of browsers that do not find each other. */
export interface UnreachableWatch {
  /** Answers who is found to be out of reach now; each of them once. */
  sample(states: ReadonlyMap<PeerId, PeerConnectionState>): readonly PeerId[];
  /** What was noticed so far says nothing: signaling was away, or there is another network. */
  reset(): void;
}

/** A first connection over a bad network takes three seconds; by then ICE has had its retries. */
const CONNECTING_MS = 10_000;

export function createUnreachableWatch(clock: Clock): UnreachableWatch {
  const since = new Map<PeerId, number>();
  const told = new Set<PeerId>();

  return {
    sample: (states) => {
      const now = clock.now();
      for (const peerId of since.keys()) {
        if (states.get(peerId) !== "connecting") {
          since.delete(peerId);
        }
      }
      const found: PeerId[] = [];
      for (const [peerId, state] of states) {
        if (state === "connected") {
          told.delete(peerId);
        } else if (state === "connecting") {
          since.set(peerId, since.get(peerId) ?? now);
        }
        const late = now - (since.get(peerId) ?? now) >= CONNECTING_MS;
        if ((late || state === "failed") && !told.has(peerId)) {
          told.add(peerId);
          found.push(peerId);
        }
      }
      return found;
    },
    reset: () => {
      since.clear();
      told.clear();
    },
  };
}
