import type { Observable } from "./model";

export interface Store<T> extends Observable<T> {
  set(value: T): void;
  update(change: (value: T) => T): void;
}

/**
 * A value that tells its listeners when it changes.
 *
 * `whileWatched` runs when the first listener comes; what it answers runs when the last goes.
 */
export function createStore<T>(initial: T, whileWatched?: () => () => void): Store<T> {
  let value = initial;
  const listeners = new Set<() => void>();
  let stopWatching: (() => void) | undefined;

  function set(next: T): void {
    if (Object.is(next, value)) {
      return;
    }
    value = next;
    for (const listener of listeners) {
      listener();
    }
  }

  return {
    get: () => value,
    set,
    update: (change) => set(change(value)),
    subscribe: (listener) => {
      // Its own closure, so that one function can subscribe twice.
      const own = (): void => listener();
      listeners.add(own);
      if (listeners.size === 1) {
        stopWatching = whileWatched?.();
      }
      return () => {
        if (listeners.delete(own) && listeners.size === 0) {
          stopWatching?.();
          stopWatching = undefined;
        }
      };
    },
  };
}
