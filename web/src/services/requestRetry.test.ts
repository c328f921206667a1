import { expect, it } from "vitest";

import { requestRetryDelay } from "./requestRetry";

const NOW = Date.parse("Sat, 14 Mar 2026 09:30:00 GMT");

it.each<[string | null, attempts: number, elapsed: number, least: number | null, most: number | null]>([
  ["5", 1, 0, 5_000, 6_250],
  ["5", 2, 6_000, 5_000, 6_250],
  ["5", 3, 12_000, null, null],
  ["0", 1, 0, 250, 313],
  ["0", 2, 300, 500, 625],
  ["0", 20, 5_000, 4_000, 5_000],
  ["0", 20, 14_900, null, null],
  [" 2 ", 1, 0, 2_000, 2_500],
  ["Sat, 14 Mar 2026 09:30:03 GMT", 1, 0, 3_000, 3_750],
  ["Sat, 14 Mar 2026 09:00:00 GMT", 1, 0, 250, 313],
  ["60", 1, 0, null, null],
  ["99999999999999999999", 1, 0, null, null],
  ["-1", 1, 0, null, null],
  ["soon", 1, 0, null, null],
  ["", 1, 0, null, null],
  [null, 1, 0, null, null],
])("waits after Retry-After %j, attempt %i at %i ms, from %j to %j ms", (retryAfter, attempts, elapsed, least, most) => {
  const delay = (random: number) => requestRetryDelay({ retryAfter, attempts, elapsed, wallTime: NOW, random });
  expect(delay(0)).toBe(least);
  const latest = delay(1 - Number.EPSILON);
  expect(latest === null ? null : Math.round(latest)).toBe(most);
});
