/** Messages kept for sending again: bounds what a long outage can hold in memory. */
const KEPT_MESSAGES = 128;
const KEPT_BYTES = 256 * 1024;

/**
 * Counts the session's own messages, as the server does, and keeps the last of them until a
 * resume tells how many have arrived.
 */
export interface Outbox {
  push(text: string): void;
  /** What has to be sent again, in order; null if that is not kept any more. */
  after(received: number): readonly string[] | null;
  /** Forgets what is kept; the next message counts as number `sent` + 1. */
  reset(sent: number): void;
}

export function createOutbox(): Outbox {
  let sent = 0;
  let kept: string[] = [];
  let bytes = 0;

  return {
    push: (text) => {
      sent += 1;
      kept.push(text);
      bytes += text.length;
      while (kept.length > KEPT_MESSAGES || bytes > KEPT_BYTES) {
        bytes -= kept.shift()?.length ?? 0;
      }
    },
    after: (received) => {
      const missing = sent - received;
      if (missing < 0 || missing > kept.length) {
        return null;
      }
      kept = missing === 0 ? [] : kept.slice(-missing);
      bytes = kept.reduce((sum, text) => sum + text.length, 0);
      return [...kept];
    },
    reset: (to) => {
      sent = to;
      kept = [];
      bytes = 0;
    },
  };
}
