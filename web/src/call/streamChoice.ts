/** One of the ways by which the same picture or sound comes. */
export interface Candidate {
  /** The connection that it comes by. */
  readonly from: object;
  readonly stream: MediaStream;
  /** Something has come of it. */
  readonly flows: boolean;
}

/**
 * While a room changes its way, the same picture comes by two. It is taken from the new one from
 * its first frame on, and until then from the old one.
 */
export interface StreamChoice {
  /** `candidates` in the order of preference. */
  choose(key: string, candidates: readonly Candidate[]): Candidate | null;
  forget(isThere: (key: string) => boolean): void;
}

export function createStreamChoice(): StreamChoice {
  const chosen = new Map<string, object>();

  return {
    choose: (key, candidates) => {
      const before = candidates.findIndex(({ from }) => from === chosen.get(key));
      const preferred = before === -1 ? candidates : candidates.slice(0, before);
      const next = preferred.find(({ flows }) => flows) ?? candidates[Math.max(before, 0)] ?? null;
      if (next === null) {
        chosen.delete(key);
      } else {
        chosen.set(key, next.from);
      }
      return next;
    },
    forget: (isThere) => {
      for (const key of chosen.keys()) {
        if (!isThere(key)) {
          chosen.delete(key);
        }
      }
    },
  };
}
