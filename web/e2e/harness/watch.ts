import type { Page } from "playwright-core";

/** What somebody in a call notices of what goes on behind it. */
export interface Noticed {
  /** How long each time without signaling was; the last one may still go on. */
  readonly gapsMs: number[];
  /** Tiles of others that were gone, if only for a moment. */
  readonly vanished: string[];
}

/** Watches from now on that there is a tile for each of `others`. */
export async function watch(page: Page, others: readonly string[]): Promise<void> {
  await page.evaluate((expected) => {
    const root = document.querySelector<HTMLElement>("[data-signaling]");
    if (root === null) throw new Error("not in a call");
    const vanished = new Set<string>();
    const gaps: { from: number; to: number | null }[] = [];
    const look = (): void => {
      for (const id of expected) {
        const tile = document.querySelector(`article[data-tile][data-kind="camera"][data-peer-id="${id}"]`);
        if (tile === null) vanished.add(id);
      }
      const open = gaps.at(-1);
      const isOpen = document.querySelector<HTMLElement>("[data-signaling]")?.dataset["signaling"] === "open";
      if (!isOpen && (open === undefined || open.to !== null)) {
        gaps.push({ from: performance.now(), to: null });
      } else if (isOpen && open !== undefined && open.to === null) {
        open.to = performance.now();
      }
    };
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true, attributeFilter: ["data-signaling", "data-peer-id"] });
    Object.assign(window, {
      noticed: () => ({
        gapsMs: gaps.map(({ from, to }) => (to ?? performance.now()) - from),
        vanished: [...vanished],
      }),
    });
  }, others);
}

export function noticed(page: Page): Promise<Noticed> {
  return page.evaluate(() => (Reflect.get(window, "noticed") as () => Noticed)());
}
