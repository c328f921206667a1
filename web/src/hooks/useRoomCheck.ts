/** Asks the server whether one could join; goes on asking by itself where time may help. */
import { useEffect, useState } from "react";
import type { ErrorCode, RoomId, ValidRoom } from "../protocol/generated";
import { api } from "../call";

export type RoomCheck =
  | { readonly kind: "checking" }
  /** The server has put the answer off, and is asked again. */
  | { readonly kind: "waiting" }
  | { readonly kind: "ready"; readonly room: ValidRoom | null }
  | { readonly kind: "refused"; readonly code: ErrorCode | null }
  /** `nextAttemptAt` is on the clock of `performance.now()`, null while it is tried. */
  | { readonly kind: "unreachable"; readonly nextAttemptAt: number | null };

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 15_000;
/** Full rooms empty by themselves, and servers recover; slow enough for the server's limit on looking rooms up. */
const LOOK_AGAIN_MS = 15_000;
/** Where time helps, without anybody doing anything; null is a server that does not know itself. */
const PASSES: ReadonlySet<ErrorCode | null> = new Set(["room-full", "unavailable", null]);

/** Doubling, with a quarter of jitter either way, so that clients do not come back as a herd. */
export function retryDelay(attempt: number, random: number): number {
  const delay = Math.min(FIRST_RETRY_MS * 2 ** attempt, LAST_RETRY_MS);
  return delay * (0.75 + random / 2);
}

interface Answered {
  readonly attempt: number;
  readonly check: RoomCheck;
}

export interface RoomCheckControl {
  readonly check: RoomCheck;
  /** Asked again, and not answered yet. */
  readonly trying: boolean;
  readonly retry: () => void;
}

/** With `asHost` a locked room may be entered. */
export function useRoomCheck(roomId: RoomId, asHost: boolean, enabled: boolean): RoomCheckControl {
  const [answered, setAnswered] = useState<Answered>({ attempt: 0, check: { kind: "checking" } });
  const [attempt, setAttempt] = useState(0);

  // Once one may join, this question is over: in the call, the answer would be another.
  const settled = answered.check.kind === "ready" && answered.attempt === attempt;

  useEffect(() => {
    if (!enabled || settled) return undefined;
    let current = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const again = () => setAttempt((count) => count + 1);

    const setCheck = (check: RoomCheck) => setAnswered({ attempt, check });

    async function ask() {
      const answer = await api.validateRoom(roomId, () => {
        // What was explained before stays on the page until there is news.
        if (current && attempt === 0) setCheck({ kind: "waiting" });
      });
      if (!current) return;
      if (answer.ok) {
        setCheck({ kind: "ready", room: answer.value });
      } else if (answer.failure.kind === "unreachable") {
        const delay = retryDelay(attempt, Math.random());
        setCheck({ kind: "unreachable", nextAttemptAt: performance.now() + delay });
        timer = setTimeout(again, delay);
      } else if (answer.failure.code === "room-locked" && asHost) {
        setCheck({ kind: "ready", room: null });
      } else {
        setCheck({ kind: "refused", code: answer.failure.code });
        if (PASSES.has(answer.failure.code)) timer = setTimeout(again, LOOK_AGAIN_MS);
      }
    }

    void ask();
    window.addEventListener("online", again);
    return () => {
      current = false;
      clearTimeout(timer);
      window.removeEventListener("online", again);
    };
  }, [roomId, asHost, enabled, settled, attempt]);

  const { check } = answered;
  const trying = answered.attempt !== attempt;
  return {
    check: check.kind === "unreachable" && trying ? { ...check, nextAttemptAt: null } : check,
    trying,
    retry: () => setAttempt((count) => count + 1),
  };
}
