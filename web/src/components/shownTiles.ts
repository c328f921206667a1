/** What the engine is to fetch: the pictures that have a place on the page, and how large they are. */
import type { ViewTile } from "../call/model";
import type { CallLayout, PlacedTile } from "./callLayout";
import { WIDEST } from "./gridLayout";
import type { TileView } from "./tiles";

/** Cameras send no more; a phone's display has more pixels than anyone sees. */
const CAMERA_MAX_HEIGHT = 720;
const SCREEN_MAX_HEIGHT = 2_160;
/** A window that is dragged larger asks anew a few times, not with each pixel. */
const STEP = 36;

type ShownTile = Pick<TileView, "key" | "peerId" | "self" | "kind">;

/** The large one first, then as they are placed. */
export function shownTiles(
  tiles: readonly ShownTile[],
  { main, places }: Pick<CallLayout, "main" | "places">,
  pixelRatio: number,
): readonly ViewTile[] {
  const byKey = new Map(tiles.map((tile) => [tile.key, tile]));
  const keys = main === null ? [...places.keys()] : [main, ...[...places.keys()].filter((key) => key !== main)];
  return keys.flatMap((key) => {
    const tile = byKey.get(key);
    const place = places.get(key);
    if (tile === undefined || place === undefined || tile.self) return [];
    return [{ peerId: tile.peerId, source: tile.kind, ...pictureSize(tile.kind, place, pixelRatio) }];
  });
}

/** Of the whole picture: a camera's fills its tile and is cut off, a screen's fits into it. */
function pictureSize(kind: ShownTile["kind"], place: PlacedTile, pixelRatio: number) {
  const byWidth = place.width / WIDEST;
  const fits = kind === "camera" ? Math.max(byWidth, place.height) : Math.min(byWidth, place.height);
  const most = kind === "camera" ? CAMERA_MAX_HEIGHT : SCREEN_MAX_HEIGHT;
  const height = Math.min(most, Math.ceil((fits * pixelRatio) / STEP) * STEP);
  return { width: Math.round(height * WIDEST), height };
}

export function sameView(before: readonly ViewTile[], next: readonly ViewTile[]): boolean {
  return (
    before.length === next.length &&
    before.every((tile, index) => {
      const other = next[index];
      return (
        tile.peerId === other?.peerId &&
        tile.source === other.source &&
        tile.width === other.width &&
        tile.height === other.height
      );
    })
  );
}
