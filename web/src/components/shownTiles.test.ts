import { expect, test } from "vitest";
import { layoutTiles } from "./callLayout";
import { sameView, shownTiles } from "./shownTiles";

const GRID = { mode: "grid", pinned: null, loudest: null, page: 0 } as const;
const DESKTOP = { width: 1416, height: 756 };

function people(count: number) {
  return Array.from({ length: count }, (_, index) => {
    const self = index === count - 1;
    return { key: `${index}`, peerId: `peer-${index}`, kind: "camera" as const, self };
  });
}

const screen = { key: "0/screen", peerId: "peer-0", kind: "screen" as const, self: false };

test("only the others of the page that is shown are asked for", () => {
  const tiles = people(60);
  const first = shownTiles(tiles, layoutTiles(tiles, DESKTOP, GRID), 1);
  expect(first.map(({ peerId }) => peerId)).toEqual(tiles.slice(0, 24).map(({ peerId }) => peerId));
  const third = shownTiles(tiles, layoutTiles(tiles, DESKTOP, { ...GRID, page: 2 }), 1);
  expect(third.map(({ peerId }) => peerId)).toEqual(tiles.slice(49, 59).map(({ peerId }) => peerId));
});

test("the large one comes first", () => {
  const tiles = [...people(6), screen];
  const [first] = shownTiles(tiles, layoutTiles(tiles, DESKTOP, GRID), 1);
  expect(first).toMatchObject({ peerId: "peer-0", source: "screen" });
});

test("a camera is asked for as large as it fills its tile, in pixels of the display, and no larger than it is", () => {
  const tiles = people(3);
  const placed = (width: number, height: number) =>
    ({ main: null, places: new Map([["0", { x: 0, y: 0, width, height, place: "grid" as const }]]) });
  expect(shownTiles(tiles, placed(320, 180), 1)[0]).toMatchObject({ width: 320, height: 180 });
  expect(shownTiles(tiles, placed(320, 180), 2)[0]).toMatchObject({ width: 640, height: 360 });
  // Upright: cut off at both sides.
  expect(shownTiles(tiles, placed(180, 360), 1)[0]).toMatchObject({ width: 640, height: 360 });
  expect(shownTiles(tiles, placed(1416, 756), 3)[0]).toMatchObject({ width: 1280, height: 720 });
});

test("a screen is asked for as large as it fits into its tile", () => {
  const places = new Map([["0/screen", { x: 0, y: 0, width: 374, height: 480, place: "main" as const }]]);
  expect(shownTiles([screen], { main: "0/screen", places }, 3)[0]).toMatchObject({ height: 648 });
});

test("a window that grows by a pixel asks for the same", () => {
  const tiles = people(9);
  const view = (width: number) => shownTiles(tiles, layoutTiles(tiles, { ...DESKTOP, width }, GRID), 1);
  expect(sameView(view(1416), view(1417))).toBe(true);
  expect(sameView(view(1416), view(500))).toBe(false);
});
