/**
 * Where each tile goes, and which have no place: pure geometry, in CSS pixels. Tiles keep their
 * place in the document and are only moved, so a change of layout never restarts a video.
 */
import {
  clamp,
  GAP,
  gridRects,
  gridShape,
  NARROWEST_IN_LANDSCAPE,
  WIDEST,
  type Box,
  type GridShape,
  type Rect,
} from "./gridLayout";

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

/** What a person chose, and who is heard. */
export interface LayoutChoice {
  readonly mode: "grid" | "speaker";
  /** The key of a tile that is to be the large one. */
  readonly pinned: string | null;
  /** The key of who is heard, for the large picture of the speaker view. */
  readonly loudest: string | null;
  /** From 0; one beyond the last means the last. */
  readonly page: number;
}

export interface CallLayout {
  readonly places: ReadonlyMap<string, PlacedTile>;
  /** The large tile, when there are others beside it. */
  readonly main: string | null;
  /** The tiles that the first page has room for, in their order. */
  readonly firstPage: readonly string[];
  readonly page: number;
  readonly pages: number;
  /** Where one turns the pages, when there are several. */
  readonly pager: Rect | null;
}

/** Windows up to this size show one tile, and little else. */
export const MINI: Box = { width: 340, height: 400 };

/**
 * The media server sends a client 27 pictures at most. With one's own among the 25, this leaves
 * three for screens.
 */
const PAGE_MAX = 25;
/** On narrower boxes, 25 tiles are too small to see a face in. */
const PAGE_WIDE = 1_200;
const PAGE_MIDDLE = 700;
const PAGE_MAX_MIDDLE = 12;
const PAGE_MAX_NARROW = 8;
/** Faces and names are still made out. */
const SMALLEST: Box = { width: 128, height: 72 };
const SMALLEST_UPRIGHT: Box = { width: 104, height: 72 };
/** Buttons that thumbs meet. */
const PAGER_HEIGHT = 40;
const PAGER_WIDTH = 136;

const INSET_MARGIN = 12;
const STRIP_SHARE = 0.2;
const STRIP_MAX = 240;
/** Two columns beside the stage leave it more than two thirds of such a box, or all that it fills. */
const STRIP_DOUBLE = 340;
const STRIP_DOUBLE_FROM = 1_100;
const LOW_ASPECT = 2.5;
/** Of the height, under the stage of an upright box: each row of the strip. */
const STRIP_ROW_SHARE = 0.15;
const STRIP_ROW_MAX = 120;
const STRIP_ROWS = 2;
/** Whatever is under the stage, this much of the box is left to it. */
const STRIP_MOST = 0.7;
/** Shared screens are wide: on an upright box, what is higher than this stays black. */
const SCREEN_ASPECT = 4 / 3;

export function isMini(box: Box): boolean {
  return box.width <= MINI.width && box.height <= MINI.height;
}

/** Places for all tiles that are shown; a tile without one is hidden. */
export function layoutTiles(tiles: readonly LayoutTile[], box: Box, choice: LayoutChoice): CallLayout {
  const main = mainTile(tiles, choice);
  if (isMini(box)) {
    const shown = main ?? tiles.find((tile) => !tile.self) ?? tiles[0];
    return onePage(shown === undefined ? [] : [[shown.key, whole(box)]], null);
  }
  const [first, second] = tiles;
  if (tiles.length === 2 && first !== undefined && second !== undefined && first.self !== second.self) {
    const [own, other] = first.self ? [first, second] : [second, first];
    return onePage(
      [
        [other.key, whole(box)],
        [own.key, inset(box)],
      ],
      other.key,
    );
  }
  const listed = tiles.filter((tile) => tile !== main);
  if (main !== null && listed.length > 0) return stageLayout(main, listed, box, choice.page);
  return pagedLayout(listed.length === 0 ? tiles : listed, { x: 0, y: 0, ...box }, choice.page);
}

/** Pinned by hand, else a shared screen, else, in the speaker view, who speaks. */
function mainTile(tiles: readonly LayoutTile[], { mode, pinned, loudest }: LayoutChoice): LayoutTile | null {
  const others = tiles.filter((tile) => !tile.self);
  const chosen = others.find((tile) => tile.key === pinned);
  const stage = chosen ?? others.find((tile) => tile.kind === "screen");
  if (stage !== undefined || mode === "grid") return stage ?? null;
  return others.find((tile) => tile.key === loudest) ?? others[0] ?? null;
}

function onePage(places: Iterable<readonly [string, PlacedTile]>, main: string | null): CallLayout {
  const placed = new Map(places);
  return { places: placed, main, firstPage: [...placed.keys()], page: 0, pages: 1, pager: null };
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

/** How many tiles a page of the grid has, so that none of them is too small. */
function pageSize(count: number, area: Box): number {
  const upright = area.width < area.height;
  const smallest = upright ? SMALLEST_UPRIGHT : SMALLEST;
  const most =
    area.width >= PAGE_WIDE ? PAGE_MAX : area.width >= PAGE_MIDDLE ? PAGE_MAX_MIDDLE : PAGE_MAX_NARROW;
  let size = Math.min(count, most);
  while (size > 1) {
    const { tile } = gridShape(size, area);
    if (tile.width >= smallest.width && tile.height >= smallest.height) break;
    size -= 1;
  }
  return size;
}

function pagedLayout(tiles: readonly LayoutTile[], area: Rect, page: number): CallLayout {
  const size = pageSize(tiles.length, area);
  if (size >= tiles.length) {
    const shape = gridShape(tiles.length, area);
    const place = tiles.length === 1 ? "main" : "grid";
    return paged(tiles, { area, shape, size, page, place, pager: null });
  }
  const pager = { ...area, y: area.y + area.height - PAGER_HEIGHT, height: PAGER_HEIGHT };
  const above = { ...area, height: Math.max(0, area.height - PAGER_HEIGHT - GAP) };
  const fewer = Math.max(1, pageSize(tiles.length, above));
  // The last page may have fewer; its tiles are as large as those of the others.
  const shape = gridShape(fewer, above);
  return paged(tiles, { area: above, shape, size: fewer, page, place: "grid", pager });
}

interface Paged {
  readonly area: Rect;
  readonly shape: GridShape;
  readonly size: number;
  readonly page: number;
  readonly place: Place;
  readonly pager: Rect | null;
}

/** The tiles of one page; one's own is the last of the first page. */
function paged(tiles: readonly LayoutTile[], { area, shape, size, page, place, pager }: Paged): CallLayout {
  const own = tiles.filter((tile) => tile.self).slice(0, size);
  const others = tiles.filter((tile) => !own.includes(tile));
  const first = [...others.slice(0, size - own.length), ...own];
  const ordered = [...first, ...others.slice(size - own.length)].map(({ key }) => key);
  const pages = Math.max(1, Math.ceil(ordered.length / size));
  const shown = clamp(page, 0, pages - 1);
  const keys = ordered.slice(shown * size, (shown + 1) * size);
  const places = gridRects(keys.length, area, shape).map((rect, index) => {
    return [keys[index] ?? "", { ...rect, place }] as const;
  });
  return {
    places: new Map(places),
    main: null,
    firstPage: ordered.slice(0, size),
    page: shown,
    pages,
    pager: pages > 1 ? pager : null,
  };
}

/** One tile large, everyone else in a strip beside or under it. */
function stageLayout(
  main: LayoutTile,
  listed: readonly LayoutTile[],
  box: Box,
  page: number,
): CallLayout {
  const beside = box.height <= box.width;
  const room = beside ? roomBeside(listed.length, box) : roomUnder(main, listed.length, box);
  const strip = beside ? stripBeside(listed.length, room, box) : stripUnder(listed.length, room, box);
  const { area } = strip;
  const layout = paged(listed, { ...strip, page, place: "strip" });
  const stage = beside
    ? { ...whole(box), width: area.x - GAP }
    : { ...whole(box), height: Math.max(0, area.y - GAP) };
  return {
    ...layout,
    main: main.key,
    places: new Map([[main.key, stage], ...layout.places]),
  };
}

type Strip = Pick<Paged, "area" | "shape" | "size" | "pager">;

/** What the strip may take of the box. */
function roomBeside(count: number, box: Box): Box {
  const width = Math.round(clamp(box.width * STRIP_SHARE, SMALLEST.width, STRIP_MAX));
  const inOne = stripSize({ width, height: box.height }, SMALLEST);
  const canDouble = box.width >= STRIP_DOUBLE_FROM || box.width >= box.height * LOW_ASPECT;
  const wide = count > inOne && canDouble ? Math.min(STRIP_DOUBLE, box.width / 2) : width;
  return { width: wide, height: box.height };
}

function roomUnder(main: LayoutTile, count: number, box: Box): Box {
  const columns = Math.max(1, Math.floor((box.width + GAP) / (SMALLEST_UPRIGHT.width + GAP)));
  const row = clamp(box.height * STRIP_ROW_SHARE, SMALLEST_UPRIGHT.height, STRIP_ROW_MAX);
  const rows = Math.min(STRIP_ROWS, Math.ceil(count / columns));
  const pager = count > rows * columns ? PAGER_HEIGHT + GAP : 0;
  const wanted = rows * row + (rows - 1) * GAP + pager;
  // A screen needs no more than its own height; the rest is for the people.
  const left = main.kind === "screen" && count > columns ? box.height - box.width / SCREEN_ASPECT - GAP : 0;
  return { width: box.width, height: Math.round(Math.min(Math.max(wanted, left), box.height * STRIP_MOST)) };
}

/** As wide as its tiles are; all else is for the stage. */
function stripBeside(count: number, room: Box, box: Box): Strip {
  const { shape, size, hasPager, height } = stripShape(count, room, SMALLEST, WIDEST);
  const tiles = shape.columns * (shape.tile.width + GAP) - GAP;
  const width = Math.max(tiles, hasPager ? PAGER_WIDTH : 0);
  const area = { x: box.width - width, y: 0, width, height };
  const pager = { ...area, y: box.height - PAGER_HEIGHT, height: PAGER_HEIGHT };
  return { area, shape, size, pager: hasPager ? pager : null };
}

function stripUnder(count: number, room: Box, box: Box): Strip {
  const { shape, size, hasPager } = stripShape(count, room, SMALLEST_UPRIGHT, NARROWEST_IN_LANDSCAPE);
  const height = shape.rows * (shape.tile.height + GAP) - GAP;
  const pager = { x: 0, y: box.height - PAGER_HEIGHT, width: box.width, height: PAGER_HEIGHT };
  const bottom = hasPager ? pager.y - GAP : box.height;
  return {
    area: { x: 0, y: bottom - height, width: box.width, height },
    shape,
    size,
    pager: hasPager ? pager : null,
  };
}

function stripShape(count: number, room: Box, smallest: Box, narrowest: number) {
  const hasPager = count > stripSize(room, smallest);
  const height = hasPager ? Math.max(0, room.height - PAGER_HEIGHT - GAP) : room.height;
  const size = hasPager ? stripSize({ ...room, height }, smallest) : count;
  return { shape: gridShape(size, { ...room, height }, narrowest), size, hasPager, height };
}

/** How many tiles of at least the smallest size a strip has room for. */
function stripSize(room: Box, smallest: Box): number {
  const columns = Math.floor((room.width + GAP) / (smallest.width + GAP));
  const rows = Math.floor((room.height + GAP) / (smallest.height + GAP));
  return clamp(columns * rows, 1, PAGE_MAX - 1);
}
