import type { MediaSource, PeerId, Slot, SlotContent } from "../protocol/generated";
import { isSteady } from "./arrivals";

/**
 * What is in the sections that the media server fills, and whether it has come. The server tells
 * of a change by signaling, pictures come by another way: between the two, a section may still
 * bring the picture of the one before, which must not be shown as someone else's.
 */
export interface Slots {
  /** As the server tells of them: all of them, each time. */
  take(slots: readonly Slot[], now: number): void;
  /** The server is asked to show others: what is not shown any more is nobody's from now on. */
  release(isShown: (content: SlotContent) => boolean, now: number): void;
  /**
   * Looks whether something comes. `lastMedia` tells when a section brought something last: any
   * number that changes each time, `null` for never. True when something has begun or ceased to come.
   */
  sample(lastMedia: (mid: string) => number | null, now: number): boolean;
  of(peerId: PeerId, source: MediaSource): SlotState | null;
  all(): readonly SlotState[];
  clear(): void;
}

export interface SlotState {
  readonly mid: string;
  readonly content: SlotContent | null;
  readonly layer: string | null;
  readonly paused: boolean;
  /** Something of it has come since it is in there, and not been paused for long since. */
  readonly flows: boolean;
  /** So much of it has come that one can let go of another way to the same. */
  readonly steady: boolean;
}

/** What is on its way when the content changes: the receiver's buffer, and some network. */
const LEFTOVERS_MS = 150;
/** Until then the server has told what it made of a section that is wanted back. */
const TOLD_WITHIN_MS = 500;

/** A camera that is slow for a moment counts as paused as well: its last picture stays that long. */
const PAUSE_PASSES_MS = 2_000;

interface Entry extends SlotState {
  /** As the server told last, which may be before it heard what is shown now. */
  readonly told: SlotContent | null;
  /** What comes until then may be someone else's. */
  readonly foreignUntil: number;
  /** What came last when it was looked at first; `undefined` before. */
  readonly baseline: number | null | undefined;
  readonly pausedAt: number | null;
  /** How often something new had come when it was looked at. */
  readonly come: number;
}

const NOTHING_CAME = { flows: false, steady: false, come: 0, baseline: undefined } as const;

export function createSlots(): Slots {
  let entries: readonly Entry[] = [];

  function taken({ mid, content, layer, paused }: Slot, now: number): Entry {
    const before = entries.find((entry) => entry.mid === mid);
    const pausedAt = paused ? (before?.pausedAt ?? now) : null;
    const news = { mid, layer: layer ?? null, paused, pausedAt, told: content };
    if (before === undefined) {
      return { ...news, content, ...NOTHING_CAME, foreignUntil: now };
    }
    if (isSame(before.told, content)) {
      return { ...before, ...news };
    }
    const foreignUntil = before.told === null ? before.foreignUntil : now + LEFTOVERS_MS;
    return { ...news, content, ...NOTHING_CAME, foreignUntil };
  }

  function released(entry: Entry, isShown: (content: SlotContent) => boolean, now: number): Entry {
    const shown = entry.told !== null && isShown(entry.told);
    if (entry.told === null || shown === (entry.content !== null)) {
      return entry;
    }
    const content = shown ? entry.told : null;
    return { ...entry, content, ...NOTHING_CAME, foreignUntil: now + TOLD_WITHIN_MS };
  }

  function looked(entry: Entry, lastMedia: (mid: string) => number | null, now: number): Entry {
    if (entry.content === null) {
      return entry;
    }
    if (entry.pausedAt !== null) {
      // After a pause it has to begin to come again.
      const isOver = entry.flows && now - entry.pausedAt >= PAUSE_PASSES_MS;
      return isOver ? { ...entry, ...NOTHING_CAME } : entry;
    }
    return entry.steady ? entry : sampled(entry, entry.content.source, lastMedia(entry.mid), now);
  }

  function sampled(entry: Entry, source: MediaSource, last: number | null, now: number): Entry {
    if (now < entry.foreignUntil || entry.baseline === undefined) {
      return { ...entry, baseline: last };
    }
    if (last === null || last === entry.baseline) {
      return entry;
    }
    const come = entry.come + 1;
    return { ...entry, baseline: last, come, flows: true, steady: isSteady(source, come) };
  }

  return {
    take: (slots, now) => {
      entries = slots.map((slot) => taken(slot, now));
    },
    release: (isShown, now) => {
      entries = entries.map((entry) => released(entry, isShown, now));
    },
    sample: (lastMedia, now) => {
      const before = entries;
      entries = before.map((entry) => looked(entry, lastMedia, now));
      return entries.some(({ flows, steady }, at) => flows !== before[at]?.flows || steady !== before[at]?.steady);
    },
    of: (peerId, source) =>
      entries.find(({ content }) => content?.peer_id === peerId && content.source === source) ?? null,
    all: () => entries,
    clear: () => {
      entries = [];
    },
  };
}

function isSame(a: SlotContent | null, b: SlotContent | null): boolean {
  return a === b || (a !== null && b !== null && a.peer_id === b.peer_id && a.source === b.source);
}
