import { expect, it } from "vitest";

import { attemptTimeout, reconnectDelay } from "./reconnectPolicy";

const LOST = { failedAttempts: 0, elapsed: 0, lastFailure: "closed", random: 0 } as const;

it("spreads the very first retry over 300 ms", () => {
  expect(reconnectDelay(LOST)).toBe(0);
  expect(reconnectDelay({ ...LOST, random: 0.999 })).toBeCloseTo(300, 0);
});

it("stays below two seconds while a restart is likely", () => {
  const delays = [1, 2, 3, 4, 9, 40].map((failedAttempts) =>
    reconnectDelay({ ...LOST, failedAttempts, elapsed: 30_000, random: 0.999 }),
  );
  expect(delays.map(Math.round)).toEqual([600, 1199, 1999, 1999, 1999, 1999]);
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
  const timeouts = Array.from({ length: 12 }, (_, failed) => attemptTimeout(failed));
  expect(timeouts[0]).toBe(2_000);
  expect(Math.max(...timeouts)).toBe(8_000);
});
