/**
 * Notices that a path which brought media brings none any more. ICE takes 5 to 7 s to say so
 * (measured in Chromium, where a changed address raises no event at all), which is more than
 * people should be without each other.
 */
export interface FlowWatch {
  /**
   * `lastMedia` tells which media came last: any number that changes with each packet, null when
   * there was none yet. Answers "dried-up" once when none comes though it is `expected`, and
   * "back" when it flows again after that.
   */
  sample(lastMedia: number | null, expected: boolean, now: number): "dried-up" | "back" | null;
}

/** Speech is a packet every 20 ms, so a second without any is no accident of the network. */
const DRY_MS = 1_000;

export function createFlowWatch(): FlowWatch {
  let seen: number | null = null;
  let flowedAt = 0;
  let dry = false;

  return {
    sample: (lastMedia, expected, now) => {
      if (lastMedia !== seen || lastMedia === null || !expected) {
        const back = dry && lastMedia !== seen && lastMedia !== null;
        seen = lastMedia;
        flowedAt = now;
        dry = false;
        return back ? "back" : null;
      }
      if (dry || now - flowedAt < DRY_MS) {
        return null;
      }
      dry = true;
      return "dried-up";
    },
  };
}
