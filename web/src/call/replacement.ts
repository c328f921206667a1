import type { ClientMessage, Resumed } from "../protocol/generated";
import type { Cancel, Clock } from "../services/clock";
import type { Socket } from "../services/websocket";
import type { Attempts } from "./attempts";
import type { Sequenced } from "./serverMessage";

/**
 * Make before break: a new socket takes the session up while the one of a node that goes away
 * still carries it. Until then the old one is untouched, however often the new one fails.
 */
export interface Replacement {
  /** Changes nothing when one is under way. */
  begin(afterMs: number): void;
  owns(socket: Socket): boolean;
  /** What the new socket brings. */
  receive(message: Sequenced): void;
  /** The new socket is closed. */
  closed(): void;
  /** The new socket, once the server may have it for the session's. */
  entering(): Socket | null;
  /** The old socket is gone: gives what there is of the new one away. */
  release(): Begun | null;
  /** Ends it, silently. */
  stop(): void;
}

export interface Begun {
  readonly kind: "connecting" | "entering";
  readonly socket: Socket;
}

export interface ReplacementOptions {
  readonly clock: Clock;
  /** Its own: that the new socket fails says nothing of the old one. */
  readonly attempts: Attempts;
  readonly openSocket: () => Socket;
  /** Whether there is a session that can move, may soon be, or need not. */
  readonly readiness: () => "ready" | "later" | "never";
  readonly resume: () => ClientMessage;
  readonly onResumed: (socket: Socket, message: Resumed & { type: "resumed" }) => void;
  /** A `resume` was sent that did not get the answer it wants: the server may have acted on it all the same. */
  readonly onAbandoned: () => void;
}

/** As for a socket that takes the place of a lost one. */
export const ENTER_TIMEOUT_MS = 5_000;
/** Servers ask for seconds; a wrong number must not keep a client at a node that is gone. */
const LONGEST_DELAY_MS = 60_000;
/** Nodes that send a client from one to the other must not do so as fast as they can. */
const BETWEEN_REPLACEMENTS_MS = 1_000;
/** Until the session is there, which takes as long as a join. */
const NOT_READY_RETRY_MS = 500;

type State =
  | { kind: "none" }
  | { kind: "waiting"; cancel: Cancel }
  | { kind: "connecting"; socket: Socket; cancel: Cancel }
  | { kind: "entering"; socket: Socket; cancel: Cancel };

export function createReplacement(options: ReplacementOptions): Replacement {
  const { clock, attempts } = options;
  let state: State = { kind: "none" };
  let elsewhere = false;
  let replacedAt = Number.NEGATIVE_INFINITY;

  function wait(ms: number): void {
    state = { kind: "waiting", cancel: clock.after(ms, connect) };
  }

  function connect(): void {
    const readiness = options.readiness();
    if (readiness !== "ready") {
      drop();
      if (readiness === "later") {
        wait(NOT_READY_RETRY_MS);
      }
      return;
    }
    if (!elsewhere) {
      // The node at this address is the one that goes.
      attempts.reset();
      attempts.lost(true);
      elsewhere = true;
    }
    const cancel = clock.after(attempts.timeout(), () => fail("timed-out"));
    state = { kind: "connecting", socket: options.openSocket(), cancel };
  }

  function fail(lastFailure: "closed" | "timed-out"): void {
    drop();
    wait(attempts.failed(lastFailure));
  }

  function drop(): void {
    if (state.kind !== "none") {
      state.cancel();
    }
    if (state.kind === "entering") {
      options.onAbandoned();
    }
    if (state.kind === "connecting" || state.kind === "entering") {
      state.socket.close();
    }
    state = { kind: "none" };
  }

  return {
    begin: (afterMs) => {
      if (state.kind !== "none") {
        return;
      }
      const asked = Number.isFinite(afterMs) ? Math.min(Math.max(afterMs, 0), LONGEST_DELAY_MS) : 0;
      elsewhere = false;
      wait(Math.max(asked, replacedAt + BETWEEN_REPLACEMENTS_MS - clock.now()));
    },
    owns: (socket) => (state.kind === "connecting" || state.kind === "entering") && state.socket === socket,
    receive: (message) => {
      if (state.kind === "connecting" && message.type === "peer-id") {
        const { socket } = state;
        state.cancel();
        state = { kind: "entering", socket, cancel: clock.after(ENTER_TIMEOUT_MS, () => fail("timed-out")) };
        socket.send(JSON.stringify(options.resume()));
      } else if (state.kind === "entering" && message.type === "resumed") {
        const { socket } = state;
        state.cancel();
        state = { kind: "none" };
        replacedAt = clock.now();
        options.onResumed(socket, message);
      } else if (state.kind === "entering" && message.type === "error") {
        // Whatever the reason, the old socket still has the session; what ends it is told there.
        fail("closed");
      }
    },
    closed: () => fail("closed"),
    entering: () => (state.kind === "entering" ? state.socket : null),
    release: () => {
      if (state.kind !== "connecting" && state.kind !== "entering") {
        drop();
        return null;
      }
      const { kind, socket } = state;
      state.cancel();
      state = { kind: "none" };
      return { kind, socket };
    },
    stop: drop,
  };
}
