/**
 * Notices that a path which brought media brings none any more. ICE takes 5 to 7 s to say so
 * (measured in Chromium, where a changed address raises no event at all), which is more than
 * people should be without each other.
 */
export interface FlowWatch {
  /**
   * `lastMedia` tells which media came last: any number that changes with each packet, null when
   * there was none yet. True once for each time that the flow dries up though it is `expected`.
   */
  sample(lastMedia: number | null, expected: boolean, now: number): boolean;
}

/** Speech is a packet every 20 ms, so a second without any is no accident of the network. */
const DRY_MS = 1_000;

export function createFlowWatch(): FlowWatch {
  let seen: number | null = null;
  let flowedAt = 0;
  let told = false;

  return {
    sample: (lastMedia, expected, now) => {
      if (lastMedia !== seen || lastMedia === null || !expected) {
        seen = lastMedia;
        flowedAt = now;
        told = false;
        return false;
      }
      if (told || now - flowedAt < DRY_MS) {
        return false;
      }
      told = true;
      return true;
    },
  };
}
