import { expect, it } from "vitest";

import { createSpeaking } from "./speaking";

function levels(entries: Record<string, number>): Map<string, number> {
  return new Map(Object.entries(entries));
}

it("holds over the pauses of speech", () => {
  const speaking = createSpeaking<string>();
  expect([...speaking.sample(levels({ a: 0.2, b: 0.001 }), 0)]).toEqual(["a"]);
  expect([...speaking.sample(levels({ a: 0, b: 0 }), 600)]).toEqual(["a"]);
  expect([...speaking.sample(levels({ a: 0, b: 0 }), 601)]).toEqual([]);
});

it("answers the same set while nothing changes", () => {
  const speaking = createSpeaking<string>();
  const first = speaking.sample(levels({ a: 0.2 }), 0);
  expect(speaking.sample(levels({ a: 0.3 }), 150)).toBe(first);
});

it("forgets who is gone", () => {
  const speaking = createSpeaking<string>();
  speaking.sample(levels({ a: 0.2 }), 0);
  expect([...speaking.sample(levels({}), 100)]).toEqual([]);
});
