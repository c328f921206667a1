/**
 * Parts of the app that are loaded when they are first needed. While an update goes on, a server of
 * another version may be asked, which does not have them; a moment later another one answers.
 */
import { systemClock, type Clock } from "./clock";

/**
 * Before each further try. Chromium and Safari then ask again; Firefox keeps the first answer for as
 * long as the page lives.
 */
const RETRY_AFTER_MS = [300, 1_200] as const;

export type LoadClock = Pick<Clock, "after">;

/** What `load` imports; fails with its last error. */
export async function loadChunk<T>(load: () => Promise<T>, clock: LoadClock = systemClock): Promise<T> {
  for (const ms of RETRY_AFTER_MS) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- one try after the other
      return await load();
    } catch {
      // The last try tells why.
      // oxlint-disable-next-line no-await-in-loop -- as above
      await new Promise<void>((resolve) => clock.after(ms, resolve));
    }
  }
  return load();
}
