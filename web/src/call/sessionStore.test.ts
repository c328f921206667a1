import { expect, it } from "vitest";

import { createSessionStore } from "./sessionStore";

it("keeps one token a room", () => {
  const kept = new Map<string, string>();
  const store = createSessionStore(
    () =>
      ({
        getItem: (key: string) => kept.get(key) ?? null,
        setItem: (key: string, value: string) => kept.set(key, value),
        removeItem: (key: string) => kept.delete(key),
      }) as unknown as Storage,
  );
  store.set("A", "1");
  store.set("B", "2");
  expect([store.get("A"), store.get("B"), store.get("C")]).toEqual(["1", "2", null]);
  store.remove("A");
  expect(store.get("A")).toBeNull();
});

it("does without where storage is forbidden", () => {
  const store = createSessionStore(() => {
    throw new DOMException("", "SecurityError");
  });
  store.set("A", "1");
  expect(store.get("A")).toBeNull();
});
