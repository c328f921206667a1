import type { Cancel, Clock } from "../services/clock";
import { hasNewPicture, isSameWish, NOTHING_SHOWN, type Wish } from "./shownPictures";

/** Tells the media server what is shown: new pictures at once, the rest when it has settled. */
export interface ViewSender {
  set(wish: Wish): void;
  /** The server has not heard, or what it answered is lost. */
  sendAgain(): void;
  stop(): void;
}

/** A window that is being resized tells of each step. */
const SETTLED_MS = 150;

export function createViewSender(clock: Clock, send: (wish: Wish) => void): ViewSender {
  let wanted = NOTHING_SHOWN;
  /** Null until the server is there. */
  let sent: Wish | null = null;
  let cancel: Cancel = () => {};

  function sendNow(): void {
    cancel();
    sent = wanted;
    send(wanted);
  }

  return {
    set: (wish) => {
      wanted = wish;
      if (sent === null) {
        return;
      }
      cancel();
      if (hasNewPicture(sent, wish)) {
        sendNow();
      } else if (!isSameWish(sent, wish)) {
        cancel = clock.after(SETTLED_MS, sendNow);
      }
    },
    sendAgain: sendNow,
    stop: () => {
      cancel();
      sent = null;
    },
  };
}
