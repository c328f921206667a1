import { describe, expect, test } from "vitest";
import { gridShape, isMini, layoutTiles, type Box, type LayoutTile } from "./gridLayout";

const DESKTOP: Box = { width: 1416, height: 756 };
const PHONE: Box = { width: 374, height: 720 };

function cameras(count: number): LayoutTile[] {
  return Array.from({ length: count }, (_, index) => ({
    key: `peer-${index}`,
    kind: "camera",
    self: index === count - 1,
  }));
}

const shared: LayoutTile = { key: "peer-0/screen", kind: "screen", self: false };

describe("gridShape", () => {
  test.each([
    [1, DESKTOP, 1],
    [2, DESKTOP, 2],
    [3, DESKTOP, 2],
    [4, DESKTOP, 2],
    [5, DESKTOP, 3],
    [9, DESKTOP, 3],
    [12, DESKTOP, 4],
    [3, PHONE, 1],
    [4, PHONE, 2],
    [9, PHONE, 2],
  ])("of %i in %o has %i columns", (count, box, columns) => {
    expect(gridShape(count, box).columns).toBe(columns);
  });

  test("never leaves its box", () => {
    for (const box of [DESKTOP, PHONE, { width: 320, height: 200 }, { width: 40, height: 900 }]) {
      for (let count = 1; count <= 30; count += 1) {
        const { columns, rows, tile } = gridShape(count, box);
        expect(columns * rows).toBeGreaterThanOrEqual(count);
        expect(columns * tile.width + (columns - 1) * 10).toBeLessThanOrEqual(box.width + 1);
        expect(rows * tile.height + (rows - 1) * 10).toBeLessThanOrEqual(box.height + 1);
      }
    }
  });
});

describe("layoutTiles", () => {
  test("gives two people the large picture and the own one in a corner of it", () => {
    const places = layoutTiles(cameras(2), DESKTOP);
    expect(places.get("peer-0")).toEqual({ x: 0, y: 0, ...DESKTOP, place: "main" });
    const own = places.get("peer-1");
    expect(own?.place).toBe("inset");
    expect((own?.x ?? 0) + (own?.width ?? 0)).toBeLessThan(DESKTOP.width);
  });

  test("puts a shared screen on the stage and everyone else beside it, or under it on a phone", () => {
    for (const box of [DESKTOP, PHONE]) {
      const places = layoutTiles([shared, ...cameras(6)], box);
      expect(places.size).toBe(7);
      for (const [key, place] of places) {
        expect(place.place).toBe(key === "peer-0/screen" ? "main" : "strip");
        expect(place.x).toBeGreaterThanOrEqual(0);
        expect(place.y).toBeGreaterThanOrEqual(0);
        expect(place.x + place.width).toBeLessThanOrEqual(box.width + 1);
        expect(place.y + place.height).toBeLessThanOrEqual(box.height + 1);
      }
    }
  });

  test("shows one's own shared screen as a tile, not as the stage", () => {
    const own: LayoutTile = { ...shared, self: true };
    expect(layoutTiles([own, ...cameras(2)], DESKTOP).get(own.key)?.place).toBe("grid");
  });

  test("centres a last row that is shorter", () => {
    const places = layoutTiles(cameras(3), DESKTOP);
    const last = places.get("peer-2");
    expect((last?.x ?? 0) + (last?.width ?? 0) / 2).toBeCloseTo(DESKTOP.width / 2, -1);
  });

  test("shows one tile alone in a tiny window: the screen, else the other, else oneself", () => {
    const tiny = { width: 320, height: 300 };
    expect(isMini(tiny)).toBe(true);
    expect([...layoutTiles([...cameras(3), shared], tiny).keys()]).toEqual(["peer-0/screen"]);
    expect([...layoutTiles(cameras(3), tiny).keys()]).toEqual(["peer-0"]);
    expect([...layoutTiles(cameras(1), tiny).keys()]).toEqual(["peer-0"]);
    expect(layoutTiles([], tiny).size).toBe(0);
  });
});
