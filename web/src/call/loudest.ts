/**
 * Who is shown large: the loudest of those who speak, and in silence whoever was it last. A cough
 * or a "yes" from someone else does not take the picture away from who speaks.
 */
export interface Loudest<Id> {
  /** Those who speak, the loudest first; answers who is shown large. */
  sample(speakers: readonly Id[], now: number): Id | null;
  /** Who has gone is not the loudest any more. */
  forget(isThere: (id: Id) => boolean): void;
}

/** Someone else has to be the loudest for so long while the one before still speaks. */
const WHILE_SPEAKING_MS = 2_000;
/** And for so long when the one before has fallen silent: longer than an interjection. */
const IN_SILENCE_MS = 600;

export function createLoudest<Id>(): Loudest<Id> {
  let shown: Id | null = null;
  let rival: { id: Id; since: number } | null = null;

  return {
    sample: (speakers, now) => {
      const [first] = speakers;
      if (first === undefined || first === shown) {
        rival = null;
        return shown;
      }
      if (rival?.id !== first) {
        rival = { id: first, since: now };
      }
      const heard = shown !== null && speakers.includes(shown);
      const wait = shown === null ? 0 : heard ? WHILE_SPEAKING_MS : IN_SILENCE_MS;
      if (now - rival.since >= wait) {
        shown = first;
        rival = null;
      }
      return shown;
    },
    forget: (isThere) => {
      if (shown !== null && !isThere(shown)) {
        shown = null;
      }
    },
  };
}
