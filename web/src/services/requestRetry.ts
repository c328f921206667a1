/** What is known when the server has answered 503. */
export interface RequestRetryContext {
  /** The header `Retry-After` (RFC 9110 section 10.2.3); null without one. */
  readonly retryAfter: string | null;
  /** Times that it was asked, at least 1. */
  readonly attempts: number;
  /** Milliseconds since it was asked first. */
  readonly elapsed: number;
  /** Milliseconds since the Unix epoch, for a header that names a date. */
  readonly wallTime: number;
  /** From 0 up to, not including, 1. */
  readonly random: number;
}

/** About as long as somebody waits in front of a button that says that it is trying. */
const LIMIT_MS = 15_000;
/** For servers that ask to be asked again at once. */
const FIRST_PAUSE_MS = 250;
const LAST_PAUSE_MS = 4_000;

/**
 * How long to wait before the same request is sent again; null when that is no use any more.
 * Without the header it is a proxy that answers, which does not know whether the request was done.
 */
export function requestRetryDelay(context: RequestRetryContext): number | null {
  const { attempts, elapsed, random } = context;
  const asked = askedPause(context);
  if (asked === null) {
    return null;
  }
  const pause = Math.max(asked, Math.min(FIRST_PAUSE_MS * 2 ** (attempts - 1), LAST_PAUSE_MS));
  // Never earlier than asked, and not with everyone else who was told the same.
  const delay = pause * (1 + random / 4);
  return elapsed + delay <= LIMIT_MS ? delay : null;
}

function askedPause({ retryAfter, wallTime }: RequestRetryContext): number | null {
  const text = retryAfter?.trim() ?? "";
  if (/^\d{1,9}$/.test(text)) {
    return Number(text) * 1_000;
  }
  // Engines make dates of much that is none.
  const date = text.endsWith("GMT") ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? null : Math.max(0, date - wallTime);
}
