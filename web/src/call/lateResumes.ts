import type { Clock } from "../services/clock";

/**
 * Tells a session that this page took from itself apart from one that another tab took: a resume
 * that was given up may yet reach its node, which then closes the socket that has the session.
 */
export interface LateResumes {
  /** A resume was given up. */
  expect(): void;
  /** Whether one of them explains that the session was taken just now. */
  explain(): boolean;
}

/** As long a node may stand still and then act on what a client sent it before. */
const LATE_MS = 60_000;

export function createLateResumes(clock: Clock): LateResumes {
  let until = Number.NEGATIVE_INFINITY;
  return {
    expect: () => {
      until = clock.now() + LATE_MS;
    },
    explain: () => {
      const late = clock.now() < until;
      // Once: two pages that take the session from each other must come to an end.
      until = Number.NEGATIVE_INFINITY;
      return late;
    },
  };
}
