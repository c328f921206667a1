import type { ClientMessage, ErrorCode, PeerId, ServerMessage } from "../protocol/generated";
import type { Cancel, Clock } from "../services/clock";
import { retryDelay, retryKind, type RetryKind } from "./retryPolicy";

type OfType<T extends ClientMessage["type"]> = Extract<ClientMessage, { type: T }>;
export type Retried = OfType<
  "media-state" | "hand" | "rename" | "chat" | "lock" | "lower-microphone" | "remove" | "transfer-host" | "end-call"
>;

/**
 * What was asked of the room and is not in its events yet. The server answers what it cannot do
 * just now with the type of the message alone; so whatever of that type is not confirmed is sent
 * again, which the server takes without doing it twice.
 */
export interface Retries {
  /** Sends it, in place of what it makes obsolete. */
  send(message: Retried): void;
  /** True for an error that nobody has to be told of (any more than `onGivenUp` does). */
  receive(message: ServerMessage, self: PeerId | null): boolean;
  /** The session is there again, but answers of the server may be lost. */
  recovered(): void;
  /** Messages may be lost too; states and words are about to be sent again from what the room shows. */
  restated(): void;
  clear(): void;
}

export interface RetriesOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly send: (message: ClientMessage) => void;
  /** As it is now; a host may have lowered a microphone meanwhile. */
  readonly latest: (message: Retried) => Retried;
  /** Without a socket the session's outbox keeps what was sent, so it must not be sent again. */
  readonly isOpen: () => boolean;
  readonly onGivenUp: (message: Retried, code: ErrorCode) => void;
}

interface Pending {
  readonly message: Retried;
  /** On the clock: when it was sent first. */
  since: number;
  failures: number;
  inFlight: boolean;
}

/** As many as the session keeps for a resume. Only of words there can be more. */
const KEPT = 128;

export function createRetries(options: RetriesOptions): Retries {
  const { clock } = options;
  /** In the order in which they were sent. */
  let pending: Pending[] = [];
  const timers = new Map<Retried["type"], Cancel>();

  function remove(entry: Pending): void {
    pending = pending.filter((other) => other !== entry);
    if (!pending.some(({ message }) => message.type === entry.message.type)) {
      timers.get(entry.message.type)?.();
      timers.delete(entry.message.type);
    }
  }

  function giveUp(entry: Pending, code: ErrorCode): void {
    remove(entry);
    options.onGivenUp(entry.message, code);
  }

  function schedule(type: Retried["type"], delay: number): void {
    if (!timers.has(type)) {
      timers.set(type, clock.after(delay, () => sendAgain(type)));
    }
  }

  function sendAgain(type: Retried["type"]): void {
    timers.delete(type);
    if (!options.isOpen()) {
      // `recovered` or `restated` follows.
      return;
    }
    for (const entry of pending.filter(({ message, inFlight }) => message.type === type && !inFlight)) {
      entry.inFlight = true;
      options.send(options.latest(entry.message));
    }
  }

  /** Errors come in the order of what they answer. */
  function refused(type: string | undefined, code: ErrorCode): boolean {
    const kind = retryKind(type);
    if (kind === null) {
      return false;
    }
    const ofType = pending.filter(({ message }) => message.type === type);
    const entry = ofType.find(({ inFlight }) => inFlight) ?? ofType[0];
    if (entry === undefined) {
      // Chat that was given up, a state that has changed: what became of it is shown already.
      return kind === "chat" || (code === "unavailable" && kind !== "host-action");
    }
    if (code === "unavailable") {
      tryLater(entry, kind);
      return true;
    }
    if (kind === "chat") {
      giveUp(entry, code);
      return true;
    }
    remove(entry);
    return entry.failures > 0 && isDoneAlready(entry.message, code);
  }

  function tryLater(entry: Pending, kind: RetryKind): void {
    entry.inFlight = false;
    entry.failures += 1;
    const delay = retryDelay({
      kind,
      failures: entry.failures,
      elapsed: clock.now() - entry.since,
      random: options.random(),
    });
    if (delay === null) {
      giveUp(entry, "unavailable");
    } else {
      schedule(entry.message.type, delay);
    }
  }

  function isOld(entry: Pending): boolean {
    const kind = retryKind(entry.message.type) ?? "reaction";
    return retryDelay({ kind, failures: 1, elapsed: clock.now() - entry.since, random: 0 }) === null;
  }

  return {
    send: (message) => {
      const before = pending.find((entry) => keyOf(entry.message) === keyOf(message));
      if (before !== undefined) {
        remove(before);
      }
      // Words stay in the order in which they were written: new ones wait with those that have to.
      const waits = message.type === "chat" && timers.has("chat");
      pending.push({ message, since: clock.now(), failures: 0, inFlight: !waits });
      const oldest = pending.find((entry) => entry.message.type === "chat");
      if (pending.length > KEPT && oldest !== undefined) {
        giveUp(oldest, "unavailable");
      }
      if (!waits) {
        options.send(message);
      }
    },
    receive: (message, self) => {
      if (message.type === "error") {
        return refused(message.in_reply_to, message.code);
      }
      for (const entry of pending.filter((other) => confirms(message, options.latest(other.message), self))) {
        remove(entry);
      }
      return false;
    },
    recovered: () => {
      // What nothing came back for within its time was done, or is not wanted any more.
      pending = pending.filter((entry) => retryKind(entry.message.type) === "chat" || !isOld(entry));
      for (const entry of pending) {
        entry.since = clock.now();
        entry.failures = 0;
        tryLater(entry, retryKind(entry.message.type) ?? "reaction");
      }
    },
    restated: () => {
      const actions = pending.filter(
        (entry) => retryKind(entry.message.type) === "host-action" && !isOld(entry),
      );
      clear();
      pending = actions;
      actions.forEach(({ message }) => options.send(message));
    },
    clear,
  };

  function clear(): void {
    timers.forEach((cancel) => cancel());
    timers.clear();
    pending = [];
  }
}

/** Of two with the same key, only the later counts. */
function keyOf(message: Retried): string {
  switch (message.type) {
    case "chat":
      return `chat ${message.ref ?? ""}`;
    case "lower-microphone":
    case "remove":
    case "transfer-host":
      return `${message.type} ${message.target_peer_id}`;
    default:
      return message.type;
  }
}

function confirms(event: ServerMessage, asked: Retried, self: PeerId | null): boolean {
  switch (asked.type) {
    case "media-state":
      return (
        event.type === "media-state" &&
        event.peer_id === self &&
        event.microphone === asked.microphone &&
        event.camera === asked.camera &&
        event.screen === asked.screen
      );
    case "hand":
      return event.type === "hand" && event.peer_id === self && event.raised === asked.raised;
    case "rename":
      // The server may have tidied the name.
      return event.type === "rename" && event.peer_id === self;
    case "chat":
      return event.type === "chat" && event.peer_id === self && event.ref === asked.ref;
    case "lock":
      return event.type === "lock" && event.locked === asked.locked;
    case "lower-microphone":
      return (
        (event.type === "media-state" && event.peer_id === asked.target_peer_id && !event.microphone) ||
        (event.type === "peer-left" && event.peer_id === asked.target_peer_id)
      );
    case "remove":
      return event.type === "peer-left" && event.peer_id === asked.target_peer_id;
    case "transfer-host":
      return event.type === "role" && event.peer_id === asked.target_peer_id && event.role === "host";
    case "end-call":
      return event.type === "room-ended";
  }
}

/** Sent again, it was refused because the first time it was done after all. */
function isDoneAlready(message: Retried, code: ErrorCode): boolean {
  switch (message.type) {
    case "remove":
    case "lower-microphone":
      return code === "peer-not-found";
    case "transfer-host":
      return code === "host-only";
    default:
      return false;
  }
}
