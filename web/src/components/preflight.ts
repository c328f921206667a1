/**
 * Who could not take part, or not well, once the room goes over its media server: known before
 * anyone notices, since everyone tries their way to it ahead.
 */
import type { CallState } from "../call/model";
import type { PeerId } from "../protocol/generated";

export interface Finding {
  readonly peerId: PeerId;
  readonly name: string;
  readonly self: boolean;
  readonly way: "nothing" | "tcp" | "relay";
}

export type Preflight =
  /** There is no media server, or nothing is known yet, or it is no concern of this person. */
  | { readonly kind: "none" }
  | { readonly kind: "ready"; readonly findings: readonly Finding[] }
  /** Somebody would neither see nor hear the others. */
  | { readonly kind: "trouble"; readonly findings: readonly Finding[] };

const NONE: Preflight = { kind: "none" };

/** Hosts hear of everyone; whoever is none, of their own trouble. */
export function preflightOf(call: CallState): Preflight {
  const { self, selfReach } = call;
  if (call.topology === "sfu" || call.mediaFrom === null || self === null) return NONE;
  const own = { ...self, self: true, reach: selfReach };
  const others = call.participants
    // Who only sends comes by the media server anyway.
    .filter((participant) => !participant.publisher)
    .map((participant) => ({ ...participant, self: false }));
  const asked = self.role === "host" ? [own, ...others] : [own];
  const findings = asked.flatMap(({ peerId, name, self, reach }): Finding[] =>
    reach === null || reach === "udp" ? [] : [{ peerId, name, self, way: reach }],
  );
  if (findings.some(({ way }) => way === "nothing")) {
    // The worst first: what works a little worse is a hint only.
    return { kind: "trouble", findings: [...findings].sort((one, other) => rank(one) - rank(other)) };
  }
  const allTried = self.role === "host" && others.length > 0 && asked.every(({ reach }) => reach !== null);
  return allTried ? { kind: "ready", findings } : NONE;
}

function rank({ way }: Finding): number {
  return way === "nothing" ? 0 : 1;
}
