import type { Cancel, Clock } from "../services/clock";
import type { Socket } from "../services/websocket";

/** Sees that what is sent does not leave the browser any more, long before the socket closes. */
export interface StallWatch {
  /** Something was just handed to this socket. */
  watch(socket: Socket): void;
  stop(): void;
}

/** What was handed to the browser and is still there after this long goes nowhere. */
const STALLED_SEND_MS = 3_000;

export function createStallWatch(clock: Clock, onStall: () => void): StallWatch {
  let cancel: Cancel | null = null;

  function watch(socket: Socket): void {
    if (cancel !== null || socket.bufferedAmount() === 0) {
      return;
    }
    const before = socket.bufferedAmount();
    cancel = clock.after(STALLED_SEND_MS, () => {
      cancel = null;
      if (socket.bufferedAmount() >= before) {
        onStall();
      } else {
        watch(socket);
      }
    });
  }

  return {
    watch,
    stop: () => {
      cancel?.();
      cancel = null;
    },
  };
}
