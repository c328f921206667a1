import type { ClientMessage } from "../protocol/generated";

/**
 * What becomes of a message that the server could not act on just now. A state is worth telling
 * for as long as it holds, words for as long as their writer waits, and what a host did to others
 * only while the moment lasts; a reaction has none.
 */
export type RetryKind = "state" | "chat" | "host-action" | "reaction";

export interface RetryContext {
  readonly kind: RetryKind;
  /** How often the server was not able to, so far. */
  readonly failures: number;
  /** Milliseconds since it was sent first. */
  readonly elapsed: number;
  /** From 0 up to, not including, 1. */
  readonly random: number;
}

const FIRST_WINDOW_MS = 500;
/** A server whose shared state is back has all clients settled within five seconds. */
const CAP_MS = 3_000;

const LIMITS_MS: Readonly<Record<RetryKind, number>> = {
  state: Number.POSITIVE_INFINITY,
  chat: 30_000,
  "host-action": 10_000,
  reaction: 0,
};

/** How long to wait before it is sent again; null when that is no use any more. */
export function retryDelay({ kind, failures, elapsed, random }: RetryContext): number | null {
  const left = LIMITS_MS[kind] - elapsed;
  if (left <= 0) {
    return null;
  }
  const window = Math.min(FIRST_WINDOW_MS * 2 ** (failures - 1), CAP_MS);
  // Half of it is chance: what fails for one client fails for thousands in the same moment.
  return Math.min(window * (0.5 + random / 2), left);
}

const KINDS: Partial<Record<ClientMessage["type"], RetryKind>> = {
  "media-state": "state",
  hand: "state",
  rename: "state",
  chat: "chat",
  lock: "host-action",
  "lower-microphone": "host-action",
  remove: "host-action",
  "transfer-host": "host-action",
  "end-call": "host-action",
  reaction: "reaction",
};

/** Of a type as the server names it in its answer; null for what is not sent again from here. */
export function retryKind(type: string | undefined): RetryKind | null {
  return type !== undefined && Object.hasOwn(KINDS, type) ? (KINDS[type as ClientMessage["type"]] ?? null) : null;
}
