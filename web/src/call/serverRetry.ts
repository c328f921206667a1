import type { MediaGoneReason } from "../protocol/generated";

/** Why there has to be another connection to the media server, and how often it failed in a row. */
export interface ServerLoss {
  readonly reason: MediaGoneReason;
  readonly failures: number;
  /** From 0 to 1. */
  readonly random: number;
}

/**
 * The first wait. A connection that was let go is wanted back at once, by as many as were in the
 * room; one that was refused will be refused again for a while.
 */
const FIRST_WAIT_MS: Readonly<Record<MediaGoneReason, number>> = {
  lost: 200,
  closed: 200,
  failed: 500,
  "not-here": 1_000,
  busy: 2_000,
  refused: 4_000,
};
const LONGEST_WAIT_MS = 15_000;

/** How long to wait before the next connection, in milliseconds. It never gives up. */
export function serverRetryDelay({ reason, failures, random }: ServerLoss): number {
  const wait = Math.min(FIRST_WAIT_MS[reason] * 2 ** failures, LONGEST_WAIT_MS);
  return Math.round(wait * (0.5 + random / 2));
}
