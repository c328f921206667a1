import { useSyncExternalStore } from "react";

import type { Observable } from "../call/model";

/** The one bridge from the call engine to React. */
export function useObservable<T>(observable: Observable<T>): T {
  return useSyncExternalStore(observable.subscribe, observable.get);
}
