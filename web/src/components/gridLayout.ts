/**
 * Where each tile goes: pure geometry, in CSS pixels. Tiles keep their place in the document and
 * are only moved, so a change of layout never restarts a video.
 */
export interface Box {
  readonly width: number;
  readonly height: number;
}

export interface Rect extends Box {
  readonly x: number;
  readonly y: number;
}

export interface LayoutTile {
  readonly key: string;
  readonly kind: "camera" | "screen";
  readonly self: boolean;
}

/** `main`: large. `inset`: the own picture in a corner of the large one. `strip`: beside a stage. */
export type Place = "main" | "grid" | "inset" | "strip";

export interface PlacedTile extends Rect {
  readonly place: Place;
}

/** Windows up to this size show one tile, and little else. */
export const MINI: Box = { width: 340, height: 400 };

const GAP = 10;
const INSET_MARGIN = 12;
/** A camera tile may be cropped between these aspect ratios; the wider bound is a camera's own. */
const WIDEST = 16 / 9;
const NARROWEST_IN_LANDSCAPE = 4 / 3;
const NARROWEST_IN_PORTRAIT = 3 / 5;
const STRIP_SHARE = 0.2;
const STRIP_MIN = 96;
const STRIP_MAX = 240;

export function isMini(box: Box): boolean {
  return box.width <= MINI.width && box.height <= MINI.height;
}

export interface GridShape {
  readonly columns: number;
  readonly rows: number;
  readonly tile: Box;
}

/** The number of columns that makes the tiles largest. */
export function gridShape(count: number, box: Box, gap = GAP): GridShape {
  const narrowest = box.width >= box.height ? NARROWEST_IN_LANDSCAPE : NARROWEST_IN_PORTRAIT;
  let best: GridShape = { columns: 1, rows: Math.max(count, 1), tile: { width: 0, height: 0 } };
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const cell = {
      width: Math.max(0, (box.width - gap * (columns - 1)) / columns),
      height: Math.max(0, (box.height - gap * (rows - 1)) / rows),
    };
    const tile = fitInto(cell, narrowest);
    if (tile.width * tile.height > best.tile.width * best.tile.height) best = { columns, rows, tile };
  }
  return best;
}

function fitInto(cell: Box, narrowest: number): Box {
  const aspect = cell.height === 0 ? WIDEST : cell.width / cell.height;
  if (aspect > WIDEST) return { width: Math.floor(cell.height * WIDEST), height: Math.floor(cell.height) };
  if (aspect < narrowest) return { width: Math.floor(cell.width), height: Math.floor(cell.width / narrowest) };
  return { width: Math.floor(cell.width), height: Math.floor(cell.height) };
}

/** Places for all tiles that are shown; a tile without one is hidden. */
export function layoutTiles(tiles: readonly LayoutTile[], box: Box): ReadonlyMap<string, PlacedTile> {
  const stage = tiles.find((tile) => tile.kind === "screen" && !tile.self);
  const others = tiles.filter((tile) => !tile.self);
  if (isMini(box)) {
    const main = stage ?? others[0] ?? tiles[0];
    return new Map(main === undefined ? [] : [[main.key, whole(box)]]);
  }
  if (stage !== undefined) return stageLayout(stage, tiles, box);
  const [first, second] = tiles;
  if (tiles.length === 2 && others.length === 1 && first !== undefined && second !== undefined) {
    const [own, other] = first.self ? [first, second] : [second, first];
    return new Map([
      [other.key, whole(box)],
      [own.key, inset(box)],
    ]);
  }
  return gridLayout(tiles, box);
}

function whole(box: Box): PlacedTile {
  return { x: 0, y: 0, width: box.width, height: box.height, place: "main" };
}

function inset(box: Box): PlacedTile {
  const portrait = box.height > box.width;
  const width = Math.round(portrait ? clamp(box.width * 0.28, 84, 160) : clamp(box.width * 0.2, 140, 280));
  const height = Math.round(portrait ? (width * 4) / 3 : (width * 9) / 16);
  return {
    x: box.width - width - INSET_MARGIN,
    y: box.height - height - INSET_MARGIN,
    width,
    height,
    place: "inset",
  };
}

function gridLayout(tiles: readonly LayoutTile[], box: Box): ReadonlyMap<string, PlacedTile> {
  const { columns, rows, tile } = gridShape(tiles.length, box);
  const top = (box.height - rows * tile.height - (rows - 1) * GAP) / 2;
  return new Map(
    tiles.map(({ key }, index) => {
      const row = Math.floor(index / columns);
      // The last row may be shorter; it stands in the middle.
      const inRow = row === rows - 1 ? tiles.length - row * columns : columns;
      const left = (box.width - inRow * tile.width - (inRow - 1) * GAP) / 2;
      return [
        key,
        {
          x: Math.round(left + (index % columns) * (tile.width + GAP)),
          y: Math.round(top + row * (tile.height + GAP)),
          ...tile,
          place: tiles.length === 1 ? "main" : "grid",
        },
      ] as const;
    }),
  );
}

/** The shared screen large, everyone else in a strip beside or under it. */
function stageLayout(
  stage: LayoutTile,
  tiles: readonly LayoutTile[],
  box: Box,
): ReadonlyMap<string, PlacedTile> {
  const portrait = box.height > box.width;
  const strip = tiles.filter((tile) => tile !== stage);
  const count = Math.max(strip.length, 1);
  const length = portrait ? box.width : box.height;
  const aspect = portrait ? NARROWEST_IN_LANDSCAPE : WIDEST;
  const wanted = clamp((portrait ? box.height : box.width) * STRIP_SHARE, STRIP_MIN, STRIP_MAX);
  const each = (length - GAP * (count - 1)) / count;
  // Tiles shrink rather than overflow, when there are many.
  const thickness = Math.floor(Math.min(wanted, portrait ? each / aspect : each * aspect));
  const along = Math.floor(portrait ? thickness * aspect : thickness / aspect);
  const start = (length - count * along - (count - 1) * GAP) / 2;
  const places = new Map<string, PlacedTile>();
  places.set(stage.key, {
    x: 0,
    y: 0,
    width: portrait ? box.width : box.width - thickness - GAP,
    height: portrait ? box.height - thickness - GAP : box.height,
    place: "main",
  });
  for (const [index, { key }] of strip.entries()) {
    const offset = Math.round(start + index * (along + GAP));
    places.set(key, {
      x: portrait ? offset : box.width - thickness,
      y: portrait ? box.height - thickness : offset,
      width: portrait ? along : thickness,
      height: portrait ? thickness : along,
      place: "strip",
    });
  }
  return places;
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(Math.max(value, min), max);
}
