import type { PeerId, Shown } from "../protocol/generated";
import type { CallQuality, CallViewRequest } from "./model";
import type { Member } from "./roomState";

/** What the media server takes at most: a page of 25 tiles and two screens. */
export const MOST_PICTURES = 27;

/** What the media server is asked for. */
export interface Wish {
  /** The most important first. */
  readonly shown: readonly Shown[];
  readonly pinned: PeerId | null;
}

export const NOTHING_SHOWN: Wish = { shown: [], pinned: null };

/** Before the page says what it shows: a tile each, up to a page of them. */
const USUAL = { width: 640, height: 360, most: 25 } as const;
/** Anything larger is a window over several displays. */
const LARGEST = { camera: { width: 1_280, height: 720 }, screen: { width: 3_840, height: 2_160 } } as const;
/** "low": the smallest layer of a camera, and a screen that can still be read. */
const LOW = { camera: { width: 320, height: 180 }, screen: { width: 960, height: 540 } } as const;

/** What of `view` there is to see: a camera that is off needs no place on the way to us. */
export function wishOf(view: CallViewRequest | null, quality: CallQuality, members: readonly Member[]): Wish {
  if (quality === "audio-only") {
    return NOTHING_SHOWN;
  }
  const present = new Map(members.map((member) => [member.peerId, member]));
  const largest = quality === "low" ? LOW : LARGEST;
  const shown = (view?.tiles ?? usualTiles(members))
    .filter(({ peerId, source }) => present.get(peerId)?.media[source] === true)
    .slice(0, MOST_PICTURES)
    .map(({ peerId, source, width, height }) => ({
      peer_id: peerId,
      source,
      width: pixels(width, largest[source].width),
      height: pixels(height, largest[source].height),
    }));
  const pinned = view?.pinned ?? null;
  return { shown, pinned: pinned !== null && present.has(pinned) ? pinned : null };
}

function usualTiles(members: readonly Member[]): CallViewRequest["tiles"] {
  const { width, height, most } = USUAL;
  const tiles = (source: "camera" | "screen"): CallViewRequest["tiles"] =>
    members
      .filter(({ media }) => media[source])
      .map(({ peerId }) => ({ peerId, source, width, height }));
  return [...tiles("screen"), ...tiles("camera").slice(0, most)];
}

function pixels(value: number, most: number): number {
  return Math.min(Math.max(Math.round(value), 1), most);
}

export function isSameWish(a: Wish, b: Wish): boolean {
  return (
    a.pinned === b.pinned &&
    a.shown.length === b.shown.length &&
    a.shown.every((one, at) => {
      const other = b.shown[at];
      return (
        other !== undefined && isSamePicture(one, other) && one.width === other.width && one.height === other.height
      );
    })
  );
}

/** Whether `next` names a picture that `before` does not. */
export function hasNewPicture(before: Wish, next: Wish): boolean {
  return next.shown.some((one) => !before.shown.some((other) => isSamePicture(one, other)));
}

function isSamePicture(a: Shown, b: Shown): boolean {
  return a.peer_id === b.peer_id && a.source === b.source;
}
