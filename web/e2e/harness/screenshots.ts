import { join } from "node:path";

import type { Page } from "playwright-core";
import { expect } from "vitest";

import { accessibilityProblems } from "./accessibility";
import { SCREENSHOTS, fileName } from "./artifacts";

export const SIZES = {
  desktop: { width: 1440, height: 900 },
  laptop: { width: 1024, height: 768 },
  phone: { width: 390, height: 844 },
} as const;

interface PortrayOptions {
  /** The call itself is dark, whatever the device says. */
  readonly themes?: readonly ("light" | "dark")[];
}

/**
 * Takes a picture of the page as it is, in each theme and at each size, and lets axe look at each
 * theme at the largest and the smallest size. The page ends up as it was.
 */
export async function portray(
  page: Page,
  state: string,
  options: PortrayOptions = {},
): Promise<void> {
  const { themes = ["light", "dark"] } = options;
  const before = page.viewportSize() ?? SIZES.laptop;
  const problems: string[] = [];
  // What fades in has no contrast yet.
  await page.emulateMedia({ reducedMotion: "reduce" });
  for (const [size, viewport] of Object.entries(SIZES)) {
    await page.setViewportSize(viewport);
    for (const theme of themes) {
      await page.emulateMedia({ colorScheme: theme });
      await settled(page);
      await page.screenshot({ path: join(SCREENSHOTS, `${fileName(state)}-${size}-${theme}.png`) });
      const found = size === "laptop" ? [] : await accessibilityProblems(page);
      if (await overflows(page)) found.push("the page scrolls sideways");
      problems.push(...found.map((problem) => `${size}, ${theme}: ${problem}`));
    }
  }
  await page.setViewportSize(before);
  await page.emulateMedia({ reducedMotion: null, colorScheme: null });
  expect(problems, `accessibility of “${state}”`).toEqual([]);
}

/** A state of the call. */
export function portrayCall(page: Page, state: string): Promise<void> {
  return portray(page, state, { themes: ["dark"] });
}

/** Transitions have ended, and those that they led to; what moves for ever (a spinner) is left alone. */
async function settled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const frame = () => new Promise<void>((resolve) => requestAnimationFrame(() => resolve()));
    // A meter that moves with the sound never comes to rest.
    for (let round = 0; round < 10; round += 1) {
      // One to style anew, one to begin the transitions of it.
      await frame();
      await frame();
      const ending = document
        .getAnimations()
        .filter((one) => one.playState === "running")
        .filter((one) => one.effect?.getComputedTiming().endTime !== Number.POSITIVE_INFINITY);
      if (ending.length === 0) return;
      await Promise.allSettled(ending.map((one) => one.finished));
    }
  });
}

function overflows(page: Page): Promise<boolean> {
  return page.evaluate(
    () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
  );
}
