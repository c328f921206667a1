import { expect, it } from "vitest";

import { createLoudest } from "./loudest";

it("shows the first who speaks at once, and keeps them in silence", () => {
  const loudest = createLoudest<string>();
  expect(loudest.sample([], 0)).toBeNull();
  expect(loudest.sample(["ada"], 100)).toBe("ada");
  expect(loudest.sample([], 60_000)).toBe("ada");
});

it("does not change for a cough, and does for an answer", () => {
  const loudest = createLoudest<string>();
  loudest.sample(["ada"], 0);
  expect(loudest.sample(["bob"], 1_000)).toBe("ada");
  expect(loudest.sample([], 1_300)).toBe("ada");
  expect(loudest.sample(["bob"], 2_000)).toBe("ada");
  expect(loudest.sample(["bob"], 2_600)).toBe("bob");
});

it("stays with who speaks while another is louder for a moment", () => {
  const loudest = createLoudest<string>();
  loudest.sample(["ada"], 0);
  expect(loudest.sample(["bob", "ada"], 1_000)).toBe("ada");
  expect(loudest.sample(["ada", "bob"], 2_500)).toBe("ada");
  expect(loudest.sample(["bob", "ada"], 3_000)).toBe("ada");
  expect(loudest.sample(["bob", "ada"], 5_000)).toBe("bob");
});

it("forgets who has gone", () => {
  const loudest = createLoudest<string>();
  loudest.sample(["ada"], 0);
  loudest.forget((id) => id !== "ada");
  expect(loudest.sample([], 100)).toBeNull();
});
