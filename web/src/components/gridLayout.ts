/**
 * Tiles of one size in rows: pure geometry, in CSS pixels.
 */
export interface Box {
  readonly width: number;
  readonly height: number;
}

export interface Rect extends Box {
  readonly x: number;
  readonly y: number;
}

export const GAP = 10;
/** A camera tile may be cropped between these aspect ratios; the wider bound is a camera's own. */
export const WIDEST = 16 / 9;
export const NARROWEST_IN_LANDSCAPE = 4 / 3;
const NARROWEST_IN_PORTRAIT = 3 / 5;

export interface GridShape {
  readonly columns: number;
  readonly rows: number;
  readonly tile: Box;
}

/** How narrow the tiles of a box may be: on a phone held upright, upright ones fill it better. */
function narrowestIn(box: Box): number {
  return box.width >= box.height ? NARROWEST_IN_LANDSCAPE : NARROWEST_IN_PORTRAIT;
}

/** The number of columns that makes the tiles largest. */
export function gridShape(count: number, box: Box, narrowest = narrowestIn(box)): GridShape {
  let best: GridShape = { columns: 1, rows: Math.max(count, 1), tile: { width: 0, height: 0 } };
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const cell = {
      width: Math.max(0, (box.width - GAP * (columns - 1)) / columns),
      height: Math.max(0, (box.height - GAP * (rows - 1)) / rows),
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

/** `count` tiles in the middle of `area`, row by row; a shorter last row stands in the middle too. */
export function gridRects(count: number, area: Rect, { columns, tile }: GridShape): readonly Rect[] {
  const rows = Math.ceil(count / columns);
  const top = area.y + (area.height - rows * tile.height - (rows - 1) * GAP) / 2;
  return Array.from({ length: count }, (_, index) => {
    const row = Math.floor(index / columns);
    const inRow = row === rows - 1 ? count - row * columns : columns;
    const left = area.x + (area.width - inRow * tile.width - (inRow - 1) * GAP) / 2;
    return {
      x: Math.round(left + (index % columns) * (tile.width + GAP)),
      y: Math.round(top + row * (tile.height + GAP)),
      ...tile,
    };
  });
}

export function clamp(value: number, min: number, max: number): number {
  return Math.min(Math.max(value, min), max);
}
