import { expect, it } from "vitest";

import { serverRetryDelay } from "./serverRetry";

it("comes back at once after a loss, and later after each failure", () => {
  const delays = [0, 1, 2, 10].map((failures) => serverRetryDelay({ reason: "lost", failures, random: 1 }));
  expect(delays).toEqual([200, 400, 800, 15_000]);
});

it("leaves a busy server some time, everyone another", () => {
  const delays = [0, 0.5, 1].map((random) => serverRetryDelay({ reason: "busy", failures: 0, random }));
  expect(delays).toEqual([1_000, 1_500, 2_000]);
});
