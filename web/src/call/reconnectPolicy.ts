/** What is known when a connection to the server was lost, or could not be made. */
export interface ReconnectContext {
  /** Attempts at every address that failed since the last success; 0 right after a loss. */
  readonly failedAttempts: number;
  /** The next attempt is at an address that has not failed yet in this round. */
  readonly otherAddress: boolean;
  /** Milliseconds since the loss. */
  readonly elapsed: number;
  /**
   * How the last attempt ended. After a timeout nothing has reached the server, so there is
   * nobody to spare by waiting.
   */
  readonly lastFailure: "closed" | "timed-out";
  /** From 0 up to, not including, 1. */
  readonly random: number;
}

/** The first retry falls anywhere in here: thousands of clients of one restarted server spread out. */
const FIRST_WINDOW_MS = 300;
/**
 * The longest wait by the time since the loss. Gaps of a network and restarts of a server are
 * mostly over within seconds, and people should be back within three of their end.
 */
const CAPS = [
  { untilMs: 20_000, capMs: 1_000 },
  { untilMs: 60_000, capMs: 2_000 },
] as const;
const LAST_CAP_MS = 5_000;
const AFTER_TIMEOUT_MS = 250;
const SHORT_TIMEOUT_MS = 2_000;
const SHORT_ATTEMPTS = 8;

/** How long to wait before the next attempt. A page that lives never gives up. */
export function reconnectDelay(context: ReconnectContext): number {
  const { failedAttempts, otherAddress, elapsed, lastFailure, random } = context;
  if (failedAttempts === 0 || otherAddress) {
    return random * FIRST_WINDOW_MS;
  }
  if (lastFailure === "timed-out") {
    return random * AFTER_TIMEOUT_MS;
  }
  const cap = CAPS.find(({ untilMs }) => elapsed < untilMs)?.capMs ?? LAST_CAP_MS;
  const window = Math.min(FIRST_WINDOW_MS * 2 ** failedAttempts, cap);
  // The lower half is certain: a retry without any wait would only burden the server.
  return window * (0.5 + random / 2);
}

/**
 * How long an attempt may take.
 *
 * Short at first, because an attempt whose packets are lost in a network gap is repeated by TCP
 * only after 1, 3, 7 s; with a new one every two seconds, one packet a second asks whether the
 * network is back. Longer ones follow, for networks that really are that slow.
 */
export function attemptTimeout(failedAttempts: number): number {
  if (failedAttempts < SHORT_ATTEMPTS) {
    return SHORT_TIMEOUT_MS;
  }
  const later = [4_000, SHORT_TIMEOUT_MS, 8_000] as const;
  return later[(failedAttempts - SHORT_ATTEMPTS) % later.length] ?? SHORT_TIMEOUT_MS;
}
