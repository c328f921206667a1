/**
 * Who speaks, from levels that are sampled: loud enough once, and then until it has been quiet
 * for a while, as speech has pauses.
 */
export interface Speaking<Id> {
  /** Takes the levels of everyone who is there, from 0 to 1; answers who speaks. */
  sample(levels: ReadonlyMap<Id, number>, now: number): ReadonlySet<Id>;
}

/** About -36 dBov: speech into a laptop is at -30 to -15, a quiet room below -50. */
const LOUD = 0.015;
/** Pauses between words are shorter, those between sentences longer. */
const HOLD_MS = 600;

export function createSpeaking<Id>(): Speaking<Id> {
  const lastLoud = new Map<Id, number>();
  let before: ReadonlySet<Id> = new Set();

  return {
    sample: (levels, now) => {
      for (const [id, level] of levels) {
        if (level >= LOUD) {
          lastLoud.set(id, now);
        }
      }
      const speaking = new Set<Id>();
      for (const [id, at] of lastLoud) {
        if (!levels.has(id) || now - at > HOLD_MS) {
          lastLoud.delete(id);
        } else {
          speaking.add(id);
        }
      }
      // The same set as before when nothing has changed, so that nothing is drawn anew.
      const same = speaking.size === before.size && [...speaking].every((id) => before.has(id));
      before = same ? before : speaking;
      return before;
    },
  };
}
