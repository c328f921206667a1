import { describe, expect, test } from "vitest";
import { isMini, layoutTiles, type LayoutChoice, type LayoutTile } from "./callLayout";
import type { Box, Rect } from "./gridLayout";

const DESKTOP: Box = { width: 1416, height: 756 };
const LAPTOP: Box = { width: 1000, height: 624 };
const PHONE: Box = { width: 374, height: 720 };
const GRID: LayoutChoice = { mode: "grid", pinned: null, loudest: null, page: 0 };
const SPEAKER: LayoutChoice = { ...GRID, mode: "speaker", loudest: "peer-1" };

/** Oneself last, as in a call. */
function cameras(count: number): LayoutTile[] {
  return Array.from({ length: count }, (_, index) => ({
    key: index === count - 1 ? "self" : `peer-${index}`,
    kind: "camera",
    self: index === count - 1,
  }));
}

const shared: LayoutTile = { key: "peer-0/screen", kind: "screen", self: false };

function overlap(one: Rect, other: Rect): boolean {
  return (
    one.x < other.x + other.width &&
    other.x < one.x + one.width &&
    one.y < other.y + other.height &&
    other.y < one.y + one.height
  );
}

function isInside({ x, y, width, height }: Rect, box: Box): boolean {
  return x >= 0 && y >= 0 && x + width <= box.width + 1 && y + height <= box.height + 1;
}

const BOXES: readonly Box[] = [
  DESKTOP,
  LAPTOP,
  PHONE,
  { width: 1052, height: 756 },
  { width: 2536, height: 1300 },
  { width: 744, height: 980 },
  { width: 820, height: 250 },
  { width: 374, height: 420 },
  { width: 500, height: 500 },
  { width: 341, height: 200 },
];
const COUNTS = [1, 2, 3, 4, 5, 6, 8, 9, 12, 13, 16, 25, 26, 49, 50, 100];

describe.each(BOXES)("in a box of $width × $height", (box) => {
  test.each(COUNTS)("%i tiles: on each page inside, apart, and each on exactly one", (count) => {
    for (const tiles of [cameras(count), [shared, ...cameras(count)]]) {
      for (const choice of [GRID, SPEAKER, { ...GRID, pinned: "peer-1" }]) {
        const { pages } = layoutTiles(tiles, box, choice);
        const shown: string[] = [];
        for (let page = 0; page < pages; page += 1) {
          const layout = layoutTiles(tiles, box, { ...choice, page });
          expect(layout.page).toBe(page);
          expect(layout.pages).toBe(pages);
          expect(layout.pager === null).toBe(pages === 1);
          const rects = [...layout.places.values()].filter(({ place }) => place !== "inset");
          if (layout.pager !== null) rects.push({ ...layout.pager, place: "grid" });
          expect(rects.filter((rect) => !isInside(rect, box) || Math.min(rect.width, rect.height) < 20)).toEqual([]);
          expect(rects.filter((rect, index) => rects.slice(0, index).some((other) => overlap(rect, other)))).toEqual([]);
          shown.push(...[...layout.places.keys()].filter((key) => key !== layout.main));
          if (page === 0 && layout.main !== null) shown.push(layout.main);
        }
        expect(shown.sort()).toEqual(tiles.map(({ key }) => key).sort());
      }
    }
  });

  test("pages have room for as many as can be made out", () => {
    const layout = layoutTiles(cameras(100), box, GRID);
    expect(layout.firstPage.length).toBeLessThanOrEqual(25);
    for (const { width, height } of layout.places.values()) {
      expect(width).toBeGreaterThanOrEqual(100);
      expect(height).toBeGreaterThanOrEqual(72);
    }
  });
});

describe("layoutTiles", () => {
  test.each([
    [DESKTOP, 25, 4],
    [LAPTOP, 12, 9],
    [PHONE, 8, 13],
  ])("has pages as the window has room: %o", (box, size, pages) => {
    const layout = layoutTiles(cameras(100), box, GRID);
    expect(layout.firstPage.length).toBe(size);
    expect(layout.pages).toBe(pages);
  });

  test("shows oneself on the first page, after the others", () => {
    const first = layoutTiles(cameras(100), DESKTOP, GRID);
    expect([...first.places.keys()].at(-1)).toBe("self");
    expect(layoutTiles(cameras(100), DESKTOP, { ...GRID, page: 3 }).places.has("self")).toBe(false);
  });

  test("keeps the size of tiles on a last page that is not full", () => {
    const first = layoutTiles(cameras(27), DESKTOP, GRID);
    const last = layoutTiles(cameras(27), DESKTOP, { ...GRID, page: 1 });
    expect(last.places.size).toBe(2);
    expect(last.places.get("peer-25")?.width).toBe(first.places.get("peer-0")?.width);
  });

  test("shows the last page when there are fewer than the one asked for", () => {
    expect(layoutTiles(cameras(26), DESKTOP, { ...GRID, page: 9 }).page).toBe(1);
  });

  test("gives two people the large picture and the own one in a corner of it", () => {
    const { places } = layoutTiles(cameras(2), DESKTOP, GRID);
    expect(places.get("peer-0")).toEqual({ x: 0, y: 0, ...DESKTOP, place: "main" });
    const own = places.get("self");
    expect(own?.place).toBe("inset");
    expect((own?.x ?? 0) + (own?.width ?? 0)).toBeLessThan(DESKTOP.width);
  });

  test("puts a shared screen on the stage and everyone else beside it, or under it on a phone", () => {
    for (const box of [DESKTOP, PHONE]) {
      const { places, main } = layoutTiles([shared, ...cameras(6)], box, GRID);
      expect(main).toBe("peer-0/screen");
      expect(places.size).toBe(7);
      for (const [key, { place }] of places) expect(place).toBe(key === main ? "main" : "strip");
    }
  });

  test("prefers who is pinned to a screen, and a screen to who speaks", () => {
    const tiles = [shared, ...cameras(6)];
    expect(layoutTiles(tiles, DESKTOP, SPEAKER).main).toBe("peer-0/screen");
    expect(layoutTiles(tiles, DESKTOP, { ...SPEAKER, pinned: "peer-3" }).main).toBe("peer-3");
    expect(layoutTiles(cameras(6), DESKTOP, SPEAKER).main).toBe("peer-1");
    expect(layoutTiles(cameras(6), DESKTOP, { ...SPEAKER, loudest: "gone" }).main).toBe("peer-0");
    expect(layoutTiles(cameras(6), DESKTOP, { ...SPEAKER, loudest: "self" }).main).toBe("peer-0");
  });

  test("leaves the large picture most of the window", () => {
    for (const box of [DESKTOP, LAPTOP]) {
      const { places, main } = layoutTiles(cameras(100), box, SPEAKER);
      expect(places.get(main ?? "")?.width).toBeGreaterThan(box.width * 0.65);
    }
  });

  test("shows one's own shared screen as a tile, not as the stage", () => {
    const own: LayoutTile = { ...shared, self: true };
    expect(layoutTiles([own, ...cameras(2)], DESKTOP, GRID).places.get(own.key)?.place).toBe("grid");
  });

  test("shows one tile alone in a tiny window: the screen, else the other, else oneself", () => {
    const tiny = { width: 320, height: 300 };
    const keys = (tiles: readonly LayoutTile[]) => [...layoutTiles(tiles, tiny, GRID).places.keys()];
    expect(isMini(tiny)).toBe(true);
    expect(keys([...cameras(3), shared])).toEqual(["peer-0/screen"]);
    expect(keys(cameras(3))).toEqual(["peer-0"]);
    expect(keys(cameras(1))).toEqual(["self"]);
    expect(keys([])).toEqual([]);
  });
});
