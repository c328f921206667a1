/** Time as an argument, so that tests can turn it. */
export interface Clock {
  /** Milliseconds that only rise, as `performance.now()`. */
  now(): number;
  /** Milliseconds since the Unix epoch. */
  wallTime(): number;
  /** Runs `task` once after `ms`; the answer cancels it. */
  after(ms: number, task: () => void): Cancel;
}

export type Cancel = () => void;

export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  after: (ms, task) => {
    const timer = setTimeout(task, ms);
    return () => clearTimeout(timer);
  },
};

/** Runs `task` every `ms` until cancelled. */
export function every(clock: Clock, ms: number, task: () => void): Cancel {
  let cancel = clock.after(ms, tick);
  function tick(): void {
    cancel = clock.after(ms, tick);
    task();
  }
  return () => cancel();
}
