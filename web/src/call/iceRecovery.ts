import type { Cancel, Clock } from "../services/clock";
import type { PeerConnectionState } from "./model";

/**
 * Decides when a media path is restarted. It knows no connection: ICE states come in, restarts
 * and the state for the page go out.
 */
export interface IceRecovery {
  handleIceState(state: RTCIceConnectionState): void;
  /** The other side has let go, so only a new connection helps; not before `waitMs`. */
  handleLoss(waitMs: number): void;
  /** Addresses may have changed, so a path that seems alive may not be. */
  handleNetworkChange(): void;
  setSignaling(open: boolean): void;
  state(): PeerConnectionState;
  stop(): void;
}

export interface IceRecoveryEvents {
  restart(): void;
  /** Several restarts did not help: begin anew with a new connection. */
  rebuild(): void;
  onState(): void;
}

/** A hiccup of a wireless network is often over by then, and `disconnected` with it. */
const DISCONNECTED_PATIENCE_MS = 1_500;
/** A first connection has this long, with ICE's own retries; then it is tried again. */
const CONNECTING_PATIENCE_MS = 10_000;
/** Between one restart and the next: each needs an offer, an answer and checks. */
const RETRY_MS = [3_000, 5_000, 8_000, 12_000] as const;
const LAST_RETRY_MS = 15_000;
const REBUILD_EVERY = 3;
/** The page says that the path has failed after so many restarts without success. */
const FAILED_AFTER = 2;

export function createIceRecovery(
  { clock, random }: { clock: Clock; random: () => number },
  events: IceRecoveryEvents,
): IceRecovery {
  let ice: RTCIceConnectionState = "new";
  let everConnected = false;
  let lost = false;
  let signalingOpen = true;
  /** A restart is due, and waits for signaling. */
  let due = false;
  let tries = 0;
  let cancel: Cancel = clock.after(CONNECTING_PATIENCE_MS, tryAgain);
  let shown: PeerConnectionState = "connecting";

  const connected = (): boolean => ice === "connected" || ice === "completed";

  function schedule(ms: number): void {
    cancel();
    cancel = clock.after(ms, tryAgain);
  }

  function tryAgain(): void {
    cancel();
    if (connected()) {
      return;
    }
    if (!signalingOpen) {
      due = true;
      return;
    }
    due = false;
    tries += 1;
    // Two browsers that noticed at once do not go on in step.
    schedule((RETRY_MS[tries - 1] ?? LAST_RETRY_MS) * (0.8 + random() * 0.4));
    if (lost || tries % REBUILD_EVERY === 0) {
      lost = false;
      events.rebuild();
    } else {
      events.restart();
    }
    show();
  }

  function show(): void {
    const next = stateNow();
    if (next !== shown) {
      shown = next;
      events.onState();
    }
  }

  function stateNow(): PeerConnectionState {
    if (connected()) {
      return "connected";
    }
    if (tries > FAILED_AFTER) {
      return "failed";
    }
    return everConnected ? "reconnecting" : "connecting";
  }

  return {
    handleIceState: (state) => {
      const was = ice;
      ice = state;
      if (connected()) {
        cancel();
        everConnected = true;
        due = false;
        tries = 0;
      } else if (state === "disconnected" && was !== "disconnected") {
        schedule(DISCONNECTED_PATIENCE_MS);
      } else if (state === "failed" && tries === 0) {
        tryAgain();
      } else if (state === "new") {
        schedule(CONNECTING_PATIENCE_MS);
      }
      show();
    },
    handleLoss: (waitMs) => {
      ice = "closed";
      lost = true;
      schedule(waitMs);
      show();
    },
    handleNetworkChange: () => {
      if (!signalingOpen) {
        due = true;
      } else if (everConnected) {
        events.restart();
      }
    },
    setSignaling: (open) => {
      signalingOpen = open;
      if (!open || !due) {
        return;
      }
      due = false;
      if (connected()) {
        // Asked for by a change of network, which ICE may not have noticed yet.
        events.restart();
      } else {
        tryAgain();
      }
    },
    state: () => shown,
    stop: () => cancel(),
  };
}
