import { describe, expect, test } from "vitest";
import { layoutTiles, type LayoutChoice } from "./callLayout";
import { nextOrder, NO_ORDER, ordered, type OrderedTile, type TileOrder } from "./tileOrder";

const DESKTOP = { width: 1416, height: 756 };
const GRID: LayoutChoice = { mode: "grid", pinned: null, loudest: null, page: 0 };

function people(count: number, active: Readonly<Record<string, Partial<OrderedTile>>> = {}): OrderedTile[] {
  return Array.from({ length: count }, (_, index) => {
    const self = index === count - 1;
    const key = self ? "self" : `peer-${index}`;
    return { key, kind: "camera", self, speaking: false, hand: false, ...active[key] };
  });
}

const speaking = { speaking: true };

/** Looks until nothing changes any more, as the page does. */
function look(before: TileOrder, tiles: readonly OrderedTile[], choice: LayoutChoice = GRID) {
  let order = before;
  for (let round = 0; round < 5; round += 1) {
    const layout = layoutTiles(ordered(tiles, order), DESKTOP, choice);
    const next = nextOrder(order, tiles, layout);
    if (next === order) return { order, layout, first: layout.firstPage };
    order = next;
  }
  throw new Error("the order does not settle");
}

function changed(before: readonly string[], next: readonly string[]): number {
  return next.filter((key, index) => key !== before[index]).length;
}

describe("nextOrder", () => {
  test("is the order of joining", () => {
    const { order } = look(NO_ORDER, people(30));
    expect(order.keys).toEqual(people(30).map(({ key }) => key));
  });

  test("leaves who speaks on the page that is shown where they are", () => {
    const quiet = look(NO_ORDER, people(60));
    const loud = people(60, { "peer-3": speaking, "peer-20": speaking });
    expect(look(quiet.order, loud).first).toEqual(quiet.first);
    const second = { ...GRID, page: 1 };
    const there = look(quiet.order, people(60, { "peer-30": speaking }), second);
    expect(there.first).toEqual(quiet.first);
  });

  test("brings who speaks elsewhere onto the first page, and moves one other only", () => {
    const quiet = look(NO_ORDER, people(60));
    const loud = look(quiet.order, people(60, { "peer-50": speaking }));
    expect(loud.first).toContain("peer-50");
    expect(changed(quiet.order.keys, loud.order.keys)).toBe(2);
    // The last of those who never spoke, and not oneself.
    expect(loud.first).toEqual(quiet.first.map((key) => (key === "peer-23" ? "peer-50" : key)));
    const after = look(loud.order, people(60));
    expect(after.first).toEqual(loud.first);
  });

  test("lets who spoke longest ago give way, never who speaks or has a hand up", () => {
    let order = look(NO_ORDER, people(60)).order;
    for (let index = 0; index < 23; index += 1) {
      order = look(order, people(60, { [`peer-${index}`]: speaking })).order;
    }
    const hands = { "peer-23": { hand: true }, "peer-0": speaking };
    const { first } = look(order, people(60, { ...hands, "peer-40": { hand: true } }));
    expect(first).toContain("peer-40");
    expect(first).toContain("peer-0");
    expect(first).toContain("peer-23");
    expect(first).not.toContain("peer-1");
  });

  test("settles when more are active than a page has room for", () => {
    const all = Object.fromEntries(people(100).map(({ key }) => [key, speaking]));
    const { first } = look(look(NO_ORDER, people(100)).order, people(100, all));
    expect(first.length).toBe(25);
  });

  test("puts who was large where who is large now came from", () => {
    const tiles = people(20);
    const choice: LayoutChoice = { ...GRID, mode: "speaker", loudest: "peer-0" };
    const before = look(NO_ORDER, tiles, choice);
    const after = look(before.order, tiles, { ...choice, loudest: "peer-5" });
    expect(after.layout.main).toBe("peer-5");
    expect(changed(before.first, after.first)).toBe(1);
    expect(after.first.indexOf("peer-0")).toBe(before.first.indexOf("peer-5"));
  });

  test("forgets who has left, and puts newcomers at the end", () => {
    const before = look(NO_ORDER, people(30)).order;
    const tiles = [...people(30).slice(5), ...people(1)].map((tile, index) =>
      index === 25 ? { ...tile, key: "new", self: false } : tile,
    );
    const { order } = look(before, tiles);
    expect(order.keys).toEqual([...people(30).slice(5).map(({ key }) => key), "new"]);
  });

  test("settles whatever happens", () => {
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed % below;
    };
    let order = NO_ORDER;
    for (let step = 0; step < 300; step += 1) {
      const count = 2 + random(99);
      const active = Object.fromEntries(
        Array.from({ length: random(40) }, () => [`peer-${random(count)}`, random(2) === 0 ? speaking : { hand: true }]),
      );
      const mode = random(2) === 0 ? "grid" : "speaker";
      const choice: LayoutChoice = { mode, pinned: `peer-${random(200)}`, loudest: `peer-${random(count)}`, page: random(5) };
      const tiles = people(count, active);
      order = look(order, tiles, choice).order;
      expect([...order.keys].sort()).toEqual(tiles.map(({ key }) => key).sort());
    }
  });
});
