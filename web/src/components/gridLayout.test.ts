import { describe, expect, test } from "vitest";
import { gridRects, gridShape, type Box } from "./gridLayout";

const DESKTOP: Box = { width: 1416, height: 756 };
const PHONE: Box = { width: 374, height: 720 };

describe("gridShape", () => {
  test.each([
    [1, DESKTOP, 1],
    [2, DESKTOP, 2],
    [3, DESKTOP, 2],
    [4, DESKTOP, 2],
    [5, DESKTOP, 3],
    [9, DESKTOP, 3],
    [12, DESKTOP, 4],
    [25, DESKTOP, 5],
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

test("a last row that is shorter stands in the middle", () => {
  const rects = gridRects(3, { x: 0, y: 0, ...DESKTOP }, gridShape(3, DESKTOP));
  const last = rects[2];
  expect((last?.x ?? 0) + (last?.width ?? 0) / 2).toBeCloseTo(DESKTOP.width / 2, -1);
});
