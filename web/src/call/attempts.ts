import type { Clock } from "../services/clock";
import { attemptTimeout, reconnectDelay } from "./reconnectPolicy";
import type { SignalingAddresses } from "./signalingAddresses";

/** Counts attempts to connect, over all addresses, and says how long each waits and may take. */
export interface Attempts {
  /** Since when there is no connection; null while there is one, or was none to lose. */
  lostAt(): number | null;
  /** Rounds over all addresses that failed. */
  failedRounds(): number;
  /** There is one again, or trying begins anew. */
  reset(): void;
  /**
   * A connection that worked is gone, or is to go. Answers how long to wait before the first
   * attempt; with `elsewhere` it is at the next address.
   */
  lost(elsewhere: boolean): number;
  /** Answers how long to wait before the next attempt, which is at the next address. */
  failed(lastFailure: "closed" | "timed-out"): number;
  timeout(): number;
}

export interface AttemptsOptions {
  readonly addresses: SignalingAddresses;
  readonly clock: Clock;
  readonly random: () => number;
  /** Nothing answers where signaling should be: it may be elsewhere by now. */
  readonly onRoundFailed: () => void;
}

export function createAttempts({ addresses, clock, random, onRoundFailed }: AttemptsOptions): Attempts {
  let lostAt: number | null = null;
  let failedRounds = 0;
  return {
    lostAt: () => lostAt,
    failedRounds: () => failedRounds,
    reset: () => {
      lostAt = null;
      failedRounds = 0;
    },
    lost: (elsewhere) => {
      lostAt ??= clock.now();
      failedRounds = 0;
      if (elsewhere) {
        addresses.next();
      }
      addresses.beginRound();
      return reconnectDelay({
        failedAttempts: 0,
        otherAddress: false,
        elapsed: 0,
        lastFailure: "closed",
        random: random(),
      });
    },
    failed: (lastFailure) => {
      lostAt ??= clock.now();
      const roundFailed = addresses.next();
      if (roundFailed) {
        failedRounds += 1;
        onRoundFailed();
      }
      return reconnectDelay({
        failedAttempts: failedRounds,
        otherAddress: !roundFailed,
        elapsed: clock.now() - lostAt,
        lastFailure,
        random: random(),
      });
    },
    timeout: () => attemptTimeout(failedRounds),
  };
}
