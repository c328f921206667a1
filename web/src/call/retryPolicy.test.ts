import { expect, it } from "vitest";

import { retryDelay, retryKind, type RetryKind } from "./retryPolicy";

it.each<[RetryKind, failures: number, elapsed: number, least: number | null, most: number | null]>([
  ["state", 1, 0, 250, 500],
  ["state", 2, 500, 500, 1_000],
  ["state", 3, 2_000, 1_000, 2_000],
  ["state", 4, 4_000, 1_500, 3_000],
  ["state", 5_000, 86_400_000, 1_500, 3_000],
  ["chat", 1, 0, 250, 500],
  ["chat", 9, 20_000, 1_500, 3_000],
  ["chat", 20, 29_000, 1_000, 1_000],
  ["chat", 20, 30_000, null, null],
  ["host-action", 1, 0, 250, 500],
  ["host-action", 5, 9_000, 1_000, 1_000],
  ["host-action", 5, 10_000, null, null],
  ["reaction", 1, 0, null, null],
])("sends a %s again after failure %i at %i ms within %j to %j ms", (kind, failures, elapsed, least, most) => {
  const delay = (random: number) => retryDelay({ kind, failures, elapsed, random });
  expect(delay(0)).toBe(least);
  const latest = delay(1 - Number.EPSILON);
  expect(latest === null ? null : Math.round(latest)).toBe(most);
});

it.each([
  ["media-state", "state"],
  ["rename", "state"],
  ["chat", "chat"],
  ["end-call", "host-action"],
  ["reaction", "reaction"],
  ["offer", null],
  ["join", null],
  ["constructor", null],
  [undefined, null],
])("takes %j for %j", (type, kind) => {
  expect(retryKind(type)).toBe(kind);
});
