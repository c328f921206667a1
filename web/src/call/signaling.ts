import type { ClientMessage, ErrorCode, Join, Joined, Resumed, ServerMessage } from "../protocol/generated";
import type { Cancel, Clock } from "../services/clock";
import type { OpenSocket, Socket } from "../services/websocket";
import { createAttempts } from "./attempts";
import { closeMeaning, goesElsewhere, isTaken } from "./closeCodes";
import { createLateResumes } from "./lateResumes";
import type { CallEnd, SignalingStatus } from "./model";
import { createOutbox } from "./outbox";
import { createReplacement, ENTER_TIMEOUT_MS, type Begun } from "./replacement";
import { decodeServerMessage, type Sequenced } from "./serverMessage";
import type { SignalingAddresses } from "./signalingAddresses";
import { createStallWatch } from "./stallWatch";

/** The signaling client: one session over as many sockets as it takes. */
export interface Signaling {
  /** Opens a socket ahead of `join`. */
  prepare(): void;
  /** Keeps trying until the server answers. `session` is the token of this page's life before. */
  join(join: Omit<Join, "session">, session: string | null): void;
  /** In order, and once each, over lost sockets too. Nothing happens outside a session. */
  send(message: ClientMessage): void;
  /** The path to the server may be dead though the socket looks open: takes a new one at once. */
  replaceSocket(): void;
  /** Tells the server that this page goes, and stops. */
  leave(): void;
}

export interface SignalingEvents {
  onStatus(status: SignalingStatus): void;
  /** All but what only signaling itself needs; `joined` again when a lost session began anew. */
  onMessage(message: ServerMessage): void;
  /** Messages of ours may be lost: say again how things stand. `onMessage` follows first with `resumed`. */
  onRestate(): void;
  /** The session is the server's again, nothing was lost. */
  onRecovered(): void;
  onToken(token: string): void;
  /** The server does not let us in. */
  onRefused(code: ErrorCode): void;
  onOver(reason: CallEnd): void;
}

export interface SignalingEnvironment {
  openSocket: OpenSocket;
  addresses: SignalingAddresses;
  /** None of the addresses answers: asks the server for them again. */
  refreshAddresses: () => void;
  clock: Clock;
  random: () => number;
}

type Link =
  | { kind: "down" }
  | { kind: "waiting"; cancel: Cancel }
  /** Until the server greets. */
  | { kind: "connecting"; socket: Socket; cancel: Cancel }
  /** Greeted, with nothing to join yet. */
  | { kind: "warm"; socket: Socket }
  /** `join` or `resume` is sent. */
  | { kind: "entering"; by: "join" | "resume"; socket: Socket; cancel: Cancel }
  | { kind: "open"; socket: Socket };

type Goal = { kind: "none" } | { kind: "warm" } | { kind: "joined"; join: Omit<Join, "session"> };

interface Session {
  token: string;
  lastSeq: number;
}

/** Pages left open for hours ahead of a call need no socket; `join` then opens one. */
const WARM_SOCKETS = 10;
/** Servers that are away need no second question a second from each client. */
const REFRESH_ADDRESSES_MS = 15_000;
/** Pings are invisible to a page. After so long without a message a resume tells more. */
const SILENCE_MS = 90_000;

export function createSignaling(environment: SignalingEnvironment, events: SignalingEvents): Signaling {
  const { addresses, clock, random } = environment;
  const outbox = createOutbox();
  const lateResumes = createLateResumes(clock);
  const attempts = createAttempts({ addresses, clock, random, onRoundFailed });
  const replacement = createReplacement({
    clock,
    attempts: createAttempts({ addresses, clock, random, onRoundFailed }),
    openSocket,
    readiness,
    resume: resumeMessage,
    onResumed: switchTo,
    onAbandoned: lateResumes.expect,
  });
  const stall = createStallWatch(clock, replaceSocket);
  let link: Link = { kind: "down" };
  let goal: Goal = { kind: "none" };
  let session: Session | null = null;
  /** For `join.session`: the last token, even when it cannot be resumed any more. */
  let lastToken: string | null = null;
  let everJoined = false;
  let warmSockets = 0;
  let refreshedAt = Number.NEGATIVE_INFINITY;
  let cancelSilence: Cancel = () => {};

  function onRoundFailed(): void {
    if (clock.now() - refreshedAt >= REFRESH_ADDRESSES_MS) {
      refreshedAt = clock.now();
      environment.refreshAddresses();
    }
  }

  function tellStatus(nextAttemptAt: number | null): void {
    if (goal.kind !== "joined") {
      return;
    }
    const since = attempts.lostAt();
    if (link.kind === "open") {
      events.onStatus({ kind: "open" });
    } else if (since === null) {
      events.onStatus({ kind: "connecting" });
    } else {
      events.onStatus({ kind: "reconnecting", since, attempt: attempts.failedRounds(), nextAttemptAt });
    }
  }

  /** A socket that was closed tells nothing any more, so each is the link's or its replacement's. */
  function openSocket(): Socket {
    const socket: Socket = environment.openSocket(addresses.current(), {
      onText: (text) => {
        const message = decodeServerMessage(text);
        if (message === null) {
          return;
        }
        if (replacement.owns(socket)) {
          replacement.receive(message);
        } else {
          handleMessage(message);
        }
      },
      onClose: (code) => {
        if (replacement.owns(socket)) {
          replacement.closed();
        } else {
          handleClose(code);
        }
      },
    });
    return socket;
  }

  function connect(): void {
    drop();
    connecting(openSocket());
    tellStatus(null);
  }

  function connecting(socket: Socket): void {
    link = { kind: "connecting", socket, cancel: clock.after(attempts.timeout(), () => fail("timed-out")) };
  }

  /** Ends whatever link there is, silently. */
  function drop(): void {
    if (link.kind === "waiting" || link.kind === "connecting" || link.kind === "entering") {
      link.cancel();
    }
    if (link.kind === "entering" && link.by === "resume") {
      lateResumes.expect();
    }
    if (link.kind !== "down" && link.kind !== "waiting") {
      link.socket.close();
    }
    replacement.stop();
    cancelSilence();
    stall.stop();
    link = { kind: "down" };
  }

  function fail(lastFailure: "closed" | "timed-out", elsewhere = false): void {
    const wasUp = link.kind === "open" || link.kind === "warm";
    drop();
    if (goal.kind === "none") {
      return;
    }
    warmSockets += 1;
    if (goal.kind === "warm" && warmSockets >= WARM_SOCKETS) {
      goal = { kind: "none" };
      return;
    }
    const delay = wasUp ? attempts.lost(elsewhere) : attempts.failed(lastFailure);
    link = { kind: "waiting", cancel: clock.after(delay, connect) };
    tellStatus(clock.now() + delay);
  }

  function stop(): void {
    drop();
    goal = { kind: "none" };
    session = null;
    attempts.reset();
  }

  function handleClose(code: number): void {
    const meaning = closeMeaning(code);
    const takenByUs = isTaken(meaning) && (replacement.entering() !== null || lateResumes.explain());
    // Only a session can be over; a warm socket that the server closed for idling is replaced.
    if (meaning.kind === "reconnect" || takenByUs || (link.kind !== "open" && link.kind !== "entering")) {
      const begun = link.kind === "open" ? replacement.release() : null;
      if (begun === null) {
        fail("closed", goesElsewhere(code));
      } else {
        goOnWith(begun, takenByUs);
      }
      return;
    }
    stop();
    if (meaning.kind === "over") {
      events.onOver(meaning.reason);
    } else {
      events.onRefused(meaning.code);
    }
  }

  function readiness(): "ready" | "later" | "never" {
    switch (link.kind) {
      case "open":
        return session === null ? "never" : "ready";
      case "warm":
        // Nothing to keep up: another one is opened after it.
        fail("closed", true);
        return "never";
      default:
        return "later";
    }
  }

  /** The old socket was closed before the new one was ready: what there is of it is the link now. */
  function goOnWith({ kind, socket }: Begun, answered: boolean): void {
    drop();
    attempts.lost(false);
    if (kind === "connecting") {
      connecting(socket);
    } else {
      entering(socket, "resume");
    }
    // A server that gave the session to the new socket has answered, if not here yet.
    if (!answered) {
      tellStatus(null);
    }
  }

  /** The new socket has taken the session up; the old one has done its part. */
  function switchTo(socket: Socket, message: Resumed & { type: "resumed" }): void {
    if (link.kind === "open") {
      link.socket.close();
    }
    stall.stop();
    link = { kind: "open", socket };
    expectMessages();
    resumed(socket, message);
  }

  function handleMessage(message: Sequenced): void {
    if (message.type === "reconnect") {
      replacement.begin(message.after_ms);
      return;
    }
    switch (link.kind) {
      case "connecting":
        if (message.type === "peer-id") {
          link.cancel();
          greeted(link.socket);
        }
        return;
      case "entering":
        handleEntering(link, message);
        return;
      case "open":
        handleOpen(message);
        return;
      default:
        return;
    }
  }

  function greeted(socket: Socket): void {
    link = { kind: "warm", socket };
    if (goal.kind === "joined") {
      enter(socket, goal.join);
    } else {
      attempts.reset();
    }
  }

  function enter(socket: Socket, join: Omit<Join, "session">): void {
    entering(socket, session === null ? "join" : "resume");
    const message: ClientMessage =
      session === null
        ? { type: "join", ...join, ...(lastToken === null ? {} : { session: lastToken }) }
        : resumeMessage();
    socket.send(JSON.stringify(message));
  }

  function entering(socket: Socket, by: "join" | "resume"): void {
    link = { kind: "entering", by, socket, cancel: clock.after(ENTER_TIMEOUT_MS, () => fail("timed-out")) };
  }

  function resumeMessage(): ClientMessage {
    return { type: "resume", token: session?.token ?? "", last_seq: session?.lastSeq ?? 0 };
  }

  function handleEntering(entering: Link & { kind: "entering" }, message: Sequenced): void {
    if (message.type === "joined" || message.type === "resumed") {
      entering.cancel();
      link = { kind: "open", socket: entering.socket };
      attempts.reset();
      everJoined = true;
      expectMessages();
      if (message.type === "joined") {
        joined(message);
      } else {
        resumed(entering.socket, message);
      }
    } else if (message.type === "error") {
      entering.cancel();
      entryRefused(entering, message.code);
    }
  }

  function joined(message: Joined & { type: "joined"; seq?: number }): void {
    outbox.reset(0);
    session =
      message.resume_token === undefined ? null : { token: message.resume_token, lastSeq: message.seq ?? 1 };
    keepToken(message.resume_token);
    events.onMessage(message);
    tellStatus(null);
  }

  function resumed(socket: Socket, message: Resumed & { type: "resumed" }): void {
    const unsent = message.recovered ? outbox.after(message.received) : null;
    session = { token: message.resume_token, lastSeq: message.recovered ? (session?.lastSeq ?? 0) : 0 };
    keepToken(message.resume_token);
    if (unsent === null) {
      outbox.reset(message.recovered ? message.received : 0);
    }
    for (const text of unsent ?? []) {
      socket.send(text);
    }
    events.onMessage(message);
    tellStatus(null);
    if (unsent === null) {
      events.onRestate();
    } else {
      events.onRecovered();
    }
  }

  function entryRefused(entering: Link & { kind: "entering" }, code: ErrorCode): void {
    if (code === "unavailable" || code === "rate-limited") {
      fail("closed");
      return;
    }
    if (entering.by === "resume" && code === "invalid-resume-token" && goal.kind === "joined") {
      session = null;
      enter(entering.socket, goal.join);
      return;
    }
    const comesBack = everJoined;
    const socket = entering.socket;
    session = null;
    lastToken = null;
    everJoined = false;
    if (comesBack && (code === "room-not-found" || code === "removed")) {
      stop();
      events.onOver(code === "removed" ? "removed" : "room-gone");
      return;
    }
    // The socket is fine, and the person may try again, with another name for example.
    goal = { kind: "warm" };
    warmSockets = 0;
    attempts.reset();
    link = { kind: "warm", socket };
    events.onRefused(code);
  }

  function handleOpen(message: Sequenced): void {
    expectMessages();
    if (session !== null && message.seq !== undefined) {
      if (message.seq <= session.lastSeq) {
        return;
      }
      if (message.seq > session.lastSeq + 1) {
        // One is missing, so this one may not be acted on: the resume brings both.
        if (replacement.entering() === null) {
          replaceSocket();
        }
        return;
      }
      session.lastSeq = message.seq;
    }
    switch (message.type) {
      case "session":
        if (session !== null) {
          session.token = message.resume_token;
          keepToken(message.resume_token);
        }
        return;
      case "removed":
        stop();
        events.onOver("removed");
        return;
      case "room-ended":
        stop();
        events.onOver(message.reason === "host" ? "ended-by-host" : "expired");
        return;
      default:
        events.onMessage(message);
    }
  }

  function keepToken(token: string | undefined): void {
    if (token !== undefined) {
      lastToken = token;
      events.onToken(token);
    }
  }

  function expectMessages(): void {
    cancelSilence();
    cancelSilence = clock.after(SILENCE_MS * (1 + random() / 3), () => {
      if (session !== null) {
        replaceSocket();
      }
    });
  }

  function replaceSocket(): void {
    if (goal.kind === "none") {
      return;
    }
    if (link.kind === "open" && session === null) {
      // Without a session a new socket would be a new participant: only a real loss does that.
      return;
    }
    if (link.kind === "open") {
      attempts.lost(false);
    }
    connect();
  }

  addresses.onMoved(() => {
    // A socket that carries the session shows that its address is as good.
    if (link.kind === "waiting" || link.kind === "connecting" || link.kind === "warm") {
      connect();
    }
  });

  return {
    prepare: () => {
      if (goal.kind === "none") {
        goal = { kind: "warm" };
        warmSockets = 0;
        connect();
      }
    },
    join: (join, token) => {
      lastToken = token;
      everJoined = false;
      session = null;
      goal = { kind: "joined", join };
      if (link.kind === "warm") {
        enter(link.socket, join);
        tellStatus(null);
      } else if (link.kind === "connecting") {
        tellStatus(null);
      } else {
        attempts.reset();
        connect();
      }
    },
    send: (message) => {
      if (goal.kind !== "joined" || !everJoined) {
        return;
      }
      const text = JSON.stringify(message);
      if (session !== null) {
        outbox.push(text);
      }
      if (link.kind === "open") {
        link.socket.send(text);
        stall.watch(link.socket);
      }
    },
    replaceSocket,
    leave: () => {
      const goodbye = JSON.stringify({ type: "leave" } satisfies ClientMessage);
      if (link.kind === "open" || link.kind === "entering") {
        link.socket.send(goodbye);
      }
      // Whichever of the two has the session by now.
      replacement.entering()?.send(goodbye);
      stop();
    },
  };
}

