import { expect, it } from "vitest";

import { createFlowWatch } from "./flowWatch";

it("tells once that media dried up, and again only after it flowed", () => {
  const watch = createFlowWatch();
  expect(watch.sample(1, true, 0)).toBe(false);
  expect(watch.sample(2, true, 300)).toBe(false);
  expect(watch.sample(2, true, 1_200)).toBe(false);
  expect(watch.sample(2, true, 1_300)).toBe(true);
  expect(watch.sample(2, true, 9_000)).toBe(false);
  expect(watch.sample(3, true, 9_300)).toBe(false);
  expect(watch.sample(3, true, 10_300)).toBe(true);
});

it("expects nothing before the first media, nor of someone who sends none", () => {
  const watch = createFlowWatch();
  expect(watch.sample(null, true, 0)).toBe(false);
  expect(watch.sample(null, true, 60_000)).toBe(false);
  expect(watch.sample(1, true, 60_300)).toBe(false);
  expect(watch.sample(1, false, 90_000)).toBe(false);
  // Unmuted: the time without media counts from here on.
  expect(watch.sample(1, true, 90_300)).toBe(false);
  expect(watch.sample(1, true, 91_000)).toBe(true);
});
