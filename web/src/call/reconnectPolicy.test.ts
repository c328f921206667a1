import { expect, it } from "vitest";

import { attemptTimeout, reconnectDelay } from "./reconnectPolicy";

const LOST = {
  failedAttempts: 0,
  otherAddress: false,
  elapsed: 0,
  lastFailure: "closed",
  random: 0,
} as const;

it("spreads the very first retry over 300 ms", () => {
  expect(reconnectDelay(LOST)).toBe(0);
  expect(reconnectDelay({ ...LOST, random: 0.999 })).toBeCloseTo(300, 0);
});

it("spreads as little where another node has not been asked yet, however long it takes", () => {
  const context = { ...LOST, failedAttempts: 9, otherAddress: true, elapsed: 600_000 };
  expect(reconnectDelay(context)).toBe(0);
  expect(reconnectDelay({ ...context, random: 0.999 })).toBeCloseTo(300, 0);
});

it("waits a second at most while a short gap is likely, then two", () => {
  const delays = (elapsed: number): number[] =>
    [1, 2, 3, 9, 40].map((failedAttempts) =>
      Math.round(reconnectDelay({ ...LOST, failedAttempts, elapsed, random: 0.9999 })),
    );
  expect(delays(10_000)).toEqual([600, 1000, 1000, 1000, 1000]);
  expect(delays(30_000)).toEqual([600, 1200, 2000, 2000, 2000]);
});

it("slows down to five seconds later, and never ends", () => {
  const context = { ...LOST, failedAttempts: 2_000, elapsed: 3_600_000 };
  expect(reconnectDelay({ ...context, random: 0.999 })).toBeCloseTo(5_000, -1);
  expect(reconnectDelay({ ...context, random: 0 })).toBe(2_500);
});

it("tries again soon after an attempt that nobody answered", () => {
  const context = { ...LOST, failedAttempts: 5, lastFailure: "timed-out" } as const;
  expect(reconnectDelay({ ...context, random: 0.999 })).toBeLessThan(250);
});

it("gives some attempts the time that a slow network needs", () => {
  const timeouts = Array.from({ length: 14 }, (_, failed) => attemptTimeout(failed) / 1_000);
  expect(timeouts).toEqual([2, 2, 2, 2, 2, 2, 2, 2, 4, 2, 8, 4, 2, 8]);
});
