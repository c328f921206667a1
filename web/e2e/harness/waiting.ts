import { setTimeout as delay } from "node:timers/promises";

/** How often a page is looked at: well below what a person notices, well above what loads it. */
const POLL_MS = 50;

/**
 * Looks until `look` answers with something true, and returns that. Fails with `what` and the
 * last error or `describe`d state when the deadline has passed.
 *
 * Playwright's own `waitForFunction` is no help: it compiles text in the page, which the content
 * security policy under test forbids.
 */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | null | undefined | false>,
  options: { deadlineMs?: number; describe?: () => Promise<unknown> } = {},
): Promise<T> {
  const { deadlineMs = 15_000, describe } = options;
  const deadline = performance.now() + deadlineMs;
  let lastError: unknown;
  while (performance.now() < deadline) {
    try {
      const seen = await look();
      lastError = undefined;
      if (seen !== null && seen !== undefined && seen !== false) return seen;
    } catch (error) {
      // A page that navigates cannot be looked at for a moment.
      lastError = error;
    }
    await delay(POLL_MS);
  }
  const state = describe === undefined ? lastError : await describe();
  throw new Error(`not within ${deadlineMs} ms: ${what}; last seen: ${printed(state)}`, {
    cause: lastError,
  });
}

function printed(state: unknown): string {
  if (state instanceof Error) return state.message;
  return JSON.stringify(state, null, 1) ?? "nothing";
}
