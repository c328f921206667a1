import { expect, it, vi } from "vitest";

import { createStore } from "./observable";

it("tells its listeners of changes, and of nothing else", () => {
  const store = createStore(1);
  const listener = vi.fn<() => void>();
  const stop = store.subscribe(listener);
  store.set(1);
  expect(listener).not.toHaveBeenCalled();
  store.update((value) => value + 1);
  expect(store.get()).toBe(2);
  expect(listener).toHaveBeenCalledTimes(1);
  stop();
  store.set(3);
  expect(listener).toHaveBeenCalledTimes(1);
});

it("works only while it is watched", () => {
  const seen: string[] = [];
  const store = createStore(0, () => {
    seen.push("on");
    return () => seen.push("off");
  });
  const [first, second] = [store.subscribe(() => {}), store.subscribe(() => {})];
  first();
  first();
  expect(seen).toEqual(["on"]);
  second();
  expect(seen).toEqual(["on", "off"]);
});
