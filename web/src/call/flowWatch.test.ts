import { expect, it } from "vitest";

import { createFlowWatch } from "./flowWatch";

it("tells once that media dried up, and once that it is back", () => {
  const watch = createFlowWatch();
  expect(watch.sample(1, true, 0)).toBe(null);
  expect(watch.sample(2, true, 300)).toBe(null);
  expect(watch.sample(2, true, 1_200)).toBe(null);
  expect(watch.sample(2, true, 1_300)).toBe("dried-up");
  expect(watch.sample(2, true, 9_000)).toBe(null);
  expect(watch.sample(3, true, 9_300)).toBe("back");
  expect(watch.sample(4, true, 9_600)).toBe(null);
  expect(watch.sample(4, true, 10_600)).toBe("dried-up");
});

it("expects nothing before the first media, nor of someone who sends none", () => {
  const watch = createFlowWatch();
  expect(watch.sample(null, true, 0)).toBe(null);
  expect(watch.sample(null, true, 60_000)).toBe(null);
  expect(watch.sample(1, true, 60_300)).toBe(null);
  expect(watch.sample(1, false, 90_000)).toBe(null);
  // Unmuted: the time without media counts from here on.
  expect(watch.sample(1, true, 90_300)).toBe(null);
  expect(watch.sample(1, true, 91_000)).toBe("dried-up");
  // A new connection has no media yet, which is not the old one's coming back.
  expect(watch.sample(null, true, 91_300)).toBe(null);
  expect(watch.sample(2, true, 91_600)).toBe(null);
});
