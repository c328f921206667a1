/**
 * In which order tiles come: as people joined. Who speaks or raises a hand on a page that is not
 * shown changes places with one person of the first page, so that everyone else stays where they
 * are.
 */
import type { CallLayout } from "./callLayout";

export interface OrderedTile {
  readonly key: string;
  readonly kind: "camera" | "screen";
  readonly self: boolean;
  readonly speaking: boolean;
  readonly hand: boolean;
}

export interface TileOrder {
  readonly keys: readonly string[];
  /** Who was active last has the highest number. */
  readonly activeAt: ReadonlyMap<string, number>;
  /** Who was active at the last look. */
  readonly active: readonly string[];
  /** The large tile at the last look. */
  readonly main: string | null;
}

export const NO_ORDER: TileOrder = { keys: [], activeAt: new Map(), active: [], main: null };

/** `tiles` in the order; newcomers after all others. */
export function ordered<T extends OrderedTile>(tiles: readonly T[], { keys }: TileOrder): readonly T[] {
  const places = new Map(keys.map((key, index) => [key, index]));
  const placeOf = ({ key }: T) => places.get(key) ?? keys.length;
  return [...tiles].sort((one, other) => rank(one) - rank(other) || placeOf(one) - placeOf(other));
}

/** Screens before faces. */
function rank({ kind }: OrderedTile): number {
  return kind === "screen" ? 0 : 1;
}

/**
 * The order after a look at the tiles and at where `layout` puts them. Answers `before` itself when
 * nothing is to change, and of its own answer too.
 */
export function nextOrder(before: TileOrder, tiles: readonly OrderedTile[], layout: CallLayout): TileOrder {
  const active = tiles.filter((tile) => !tile.self && (tile.speaking || tile.hand)).map(({ key }) => key);
  let keys: readonly string[] = ordered(tiles, before).map(({ key }) => key);
  const activeAt = activity(before, active, keys);
  if (layout.main !== before.main) keys = swapMain(keys, before.main, layout.main);
  keys = promoted(keys, { tiles, active, activeAt, layout });
  const same =
    layout.main === before.main && sameItems(before.keys, keys) && sameItems(before.active, active);
  return same ? before : { keys, activeAt, active, main: layout.main };
}

function activity(
  before: TileOrder,
  active: readonly string[],
  keys: readonly string[],
): ReadonlyMap<string, number> {
  let turn = Math.max(0, ...before.activeAt.values());
  const present = new Set(keys);
  const next = new Map([...before.activeAt].filter(([key]) => present.has(key)));
  for (const key of active) {
    if (before.active.includes(key)) continue;
    turn += 1;
    next.set(key, turn);
  }
  return next;
}

/** Who was large goes where the one who is large now came from. */
function swapMain(keys: readonly string[], from: string | null, to: string | null): readonly string[] {
  return from === null || to === null || !keys.includes(from) || !keys.includes(to)
    ? keys
    : swapped(keys, from, to);
}

interface Promotion {
  readonly tiles: readonly OrderedTile[];
  readonly active: readonly string[];
  readonly activeAt: ReadonlyMap<string, number>;
  readonly layout: CallLayout;
}

function promoted(
  keys: readonly string[],
  { tiles, active, activeAt, layout }: Promotion,
): readonly string[] {
  const first = new Set(layout.firstPage);
  const hidden = active.filter((key) => !first.has(key) && !layout.places.has(key));
  if (hidden.length === 0) return keys;
  const faces = new Map(tiles.map((tile) => [tile.key, tile]));
  const givesWay = (key: string) => {
    const tile = faces.get(key);
    return tile !== undefined && tile.kind === "camera" && !tile.self && !active.includes(key);
  };
  const turnOf = (key: string) => activeAt.get(key) ?? 0;
  // Who was active longest ago, or never; of those, the last one.
  const leaving = layout.firstPage
    .map((key, place) => ({ key, place }))
    .filter(({ key }) => givesWay(key))
    .sort((one, other) => turnOf(one.key) - turnOf(other.key) || other.place - one.place);
  const newestFirst = [...hidden].sort((one, other) => turnOf(other) - turnOf(one));
  return newestFirst.reduce<readonly string[]>((order, key, index) => {
    const victim = leaving[index];
    return victim === undefined ? order : swapped(order, key, victim.key);
  }, keys);
}

function swapped(keys: readonly string[], one: string, other: string): readonly string[] {
  return keys.map((key) => (key === one ? other : key === other ? one : key));
}

function sameItems(before: readonly string[], next: readonly string[]): boolean {
  return before.length === next.length && before.every((item, index) => item === next[index]);
}
