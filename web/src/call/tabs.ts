import type { RoomId } from "../protocol/generated";
import { every, type Clock } from "../services/clock";
import type { Observable, OtherTabs } from "./model";
import { createStore } from "./observable";

/** The part of `BroadcastChannel` that is used; it reaches all other tabs of this origin. */
export interface TabChannel {
  postMessage(message: unknown): void;
  addEventListener(type: "message", listener: (event: MessageEvent<unknown>) => void): void;
}

export interface Tabs extends OtherTabs {
  /** This tab is in the call; `onTakenOver` runs when another one takes it over. */
  announce(roomId: RoomId, onTakenOver: () => void): () => void;
}

type TabMessage = { kind: "who" | "here" | "gone" | "take-over"; roomId: RoomId };

/** While a page asks, so that a tab that crashed is noticed. */
const ASK_EVERY_MS = 2_000;
/** A tab in the background may be slow to answer. */
const SILENT_AFTER_MS = 5_000;

export function createTabs(channel: TabChannel, clock: Clock): Tabs {
  const own = new Map<RoomId, () => void>();
  const watched = new Map<RoomId, Observable<boolean>>();
  const handlers = new Set<(message: TabMessage) => void>();

  const post = (kind: TabMessage["kind"], roomId: RoomId): void =>
    channel.postMessage({ kind, roomId } satisfies TabMessage);

  channel.addEventListener("message", ({ data }) => {
    if (!isTabMessage(data)) {
      return;
    }
    const takenOver = own.get(data.roomId);
    if (takenOver !== undefined && data.kind === "who") {
      post("here", data.roomId);
    } else if (takenOver !== undefined && data.kind === "take-over") {
      own.delete(data.roomId);
      takenOver();
      post("gone", data.roomId);
    }
    handlers.forEach((handle) => handle(data));
  });

  function watch(roomId: RoomId): Observable<boolean> {
    let heardAt = Number.NEGATIVE_INFINITY;
    const store = createStore(false, () => {
      const handle = (message: TabMessage): void => {
        if (message.roomId !== roomId) {
          return;
        }
        if (message.kind === "here") {
          heardAt = clock.now();
          store.set(true);
        } else if (message.kind === "gone") {
          store.set(false);
        }
      };
      handlers.add(handle);
      post("who", roomId);
      const stop = every(clock, ASK_EVERY_MS, () => {
        if (clock.now() - heardAt > SILENT_AFTER_MS) {
          store.set(false);
        }
        post("who", roomId);
      });
      return () => {
        handlers.delete(handle);
        stop();
      };
    });
    return store;
  }

  return {
    inCall: (roomId) => {
      const known = watched.get(roomId) ?? watch(roomId);
      watched.set(roomId, known);
      return known;
    },
    takeOver: (roomId) => post("take-over", roomId),
    announce: (roomId, onTakenOver) => {
      own.set(roomId, onTakenOver);
      post("here", roomId);
      return () => {
        if (own.delete(roomId)) {
          post("gone", roomId);
        }
      };
    },
  };
}

function isTabMessage(value: unknown): value is TabMessage {
  return (
    typeof value === "object" &&
    value !== null &&
    "kind" in value &&
    "roomId" in value &&
    typeof value.roomId === "string"
  );
}
