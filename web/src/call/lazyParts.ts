import type { Clock } from "../services/clock";
import type { Report } from "../services/report";
import type * as lateParts from "./lateParts";

export type LateParts = typeof lateParts;

/** Parts of the engine that are loaded when they are first needed, and then stay. */
export interface LazyParts<T> {
  /** Null until they have been loaded. */
  current(): T | null;
  /** Begins to load them, unless that is so already; `then` is called when they have come. */
  want(then?: () => void): void;
}

/** Beyond the tries of `loadChunk`: a server that is away for longer is back at some time. */
const AGAIN_MS = 5_000;

export function createLazyParts<T>(
  load: () => Promise<T>,
  { clock, report }: { clock: Pick<Clock, "after">; report: Report },
): LazyParts<T> {
  let current: T | null = null;
  let isLoading = false;
  const waiting = new Set<() => void>();

  async function begin(): Promise<void> {
    isLoading = true;
    try {
      current = await load();
    } catch (error) {
      report("loading a part of the engine", error);
      clock.after(AGAIN_MS, () => void begin());
      return;
    }
    waiting.forEach((then) => then());
    waiting.clear();
  }

  return {
    current: () => current,
    want: (then) => {
      if (current !== null) {
        return;
      }
      if (then !== undefined) {
        waiting.add(then);
      }
      if (!isLoading) {
        void begin();
      }
    },
  };
}
