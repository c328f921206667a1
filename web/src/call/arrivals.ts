import type { Slot } from "./description";

/** The first frame may be followed by none for a while: the encoder and the path have just begun. */
const STEADY_FRAMES = 4;

/** Whether so much of `source` has come, looked at every 50 ms, that one can count on it. */
export function isSteady(source: Slot, come: number): boolean {
  return come >= (source === "camera" ? STEADY_FRAMES : 1);
}

/** Counts what comes from browser to browser, as far as it is looked at. */
export interface Arrivals {
  /** `last` tells when something came last: any number that changes, null for never. */
  look(from: object, slot: Slot, last: number | null): void;
  isSteady(from: object, slot: Slot): boolean;
}

export function createArrivals(): Arrivals {
  const counted = new WeakMap<object, Map<Slot, { last: number | null; come: number }>>();

  return {
    look: (from, slot, last) => {
      const slots = counted.get(from) ?? new Map<Slot, { last: number | null; come: number }>();
      counted.set(from, slots);
      const before = slots.get(slot) ?? { last: null, come: 0 };
      if (last !== null && last !== before.last) {
        slots.set(slot, { last, come: before.come + 1 });
      }
    },
    isSteady: (from, slot) => isSteady(slot, counted.get(from)?.get(slot)?.come ?? 0),
  };
}
