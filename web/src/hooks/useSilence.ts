import { useEffect, useState } from "react";
import type { Observable } from "../call/model";

/** Below this, even a quiet room is louder. */
const SILENT_LEVEL = 0.005;
/** People pause; a microphone that is on has some noise all the same. */
const SILENT_AFTER_MS = 10_000;

/** True when nothing at all has come from the microphone for a while, although it is on. */
export function useSilence(level: Observable<number>, on: boolean): boolean {
  const [silent, setSilent] = useState(false);

  useEffect(() => {
    if (!on) return undefined;
    let timer = setTimeout(() => setSilent(true), SILENT_AFTER_MS);
    const stop = level.subscribe(() => {
      if (level.get() <= SILENT_LEVEL) return;
      setSilent(false);
      clearTimeout(timer);
      timer = setTimeout(() => setSilent(true), SILENT_AFTER_MS);
    });
    return () => {
      clearTimeout(timer);
      stop();
      setSilent(false);
    };
  }, [level, on]);

  return on && silent;
}
