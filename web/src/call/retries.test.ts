import { describe, expect, it, vi } from "vitest";

import type { ClientMessage, ErrorCode, ServerMessage } from "../protocol/generated";
import { createRetries, type Retried } from "./retries";
import { fakeClock } from "./testing/fakeClock";

function bench() {
  const clock = fakeClock();
  const sent: ClientMessage[] = [];
  const givenUp = vi.fn<(message: Retried, code: ErrorCode) => void>();
  const around = { open: true, microphone: true };
  const retries = createRetries({
    clock,
    random: () => 0,
    send: (message) => sent.push(message),
    latest: (message) => (message.type === "media-state" ? { ...message, microphone: around.microphone } : message),
    isOpen: () => around.open,
    onGivenUp: givenUp,
  });
  return {
    clock,
    sent,
    givenUp,
    around,
    retries,
    refuse: (type: string, code: ErrorCode = "unavailable") =>
      retries.receive({ type: "error", code, message: "", in_reply_to: type }, "me"),
    receive: (message: ServerMessage) => retries.receive(message, "me"),
    /** What is sent from here on. */
    next: () => sent.splice(0),
  };
}

const chat = (text: string): Retried => ({ type: "chat", text, ref: `ref-${text}` });
const echo = (text: string): ServerMessage => ({
  type: "chat",
  id: 1,
  peer_id: "me",
  user_name: "Me",
  text,
  sent_at: "2026-01-01T00:00:00Z",
  ref: `ref-${text}`,
});
const HAND: Retried = { type: "hand", raised: true };
const REMOVE: Retried = { type: "remove", target_peer_id: "bob" };
const BOB_LEFT: ServerMessage = { type: "peer-left", peer_id: "bob", reason: "removed" };
const MEDIA: Retried = { type: "media-state", microphone: true, camera: true, screen: false };

it("sends nothing twice while the server takes it", () => {
  const { clock, retries, next } = bench();
  retries.send(HAND);
  expect(next()).toEqual([HAND]);
  clock.advance(600_000);
  expect(next()).toEqual([]);
});

describe("a state", () => {
  it("is told again and again, less and less often, until the room has it", () => {
    const { clock, retries, refuse, receive, next } = bench();
    retries.send(HAND);
    const times: number[] = [];
    for (let failure = 0; failure < 40; failure += 1) {
      expect(refuse("hand")).toBe(true);
      next();
      const before = clock.now();
      while (next().length === 0) {
        clock.advance(50);
      }
      times.push(clock.now() - before);
    }
    expect(times.slice(0, 5)).toEqual([250, 500, 1_000, 1_500, 1_500]);
    refuse("hand");
    receive({ type: "hand", peer_id: "me", raised: true, hand_raised_at: "2026-01-01T00:00:00Z" });
    clock.advance(60_000);
    expect(next()).toEqual([]);
  });

  it("is not told any more when another has taken its place", () => {
    const { clock, retries, refuse, next } = bench();
    retries.send(HAND);
    refuse("hand");
    retries.send({ type: "hand", raised: false });
    expect(next().at(-1)).toEqual({ type: "hand", raised: false });
    clock.advance(60_000);
    expect(next()).toEqual([]);
    // The answer to the first may come after the second was sent: that one then is in doubt too.
    refuse("hand");
    clock.advance(250);
    expect(next()).toEqual([{ type: "hand", raised: false }]);
  });

  it("is told as it is then, not as it was: a host may have lowered the microphone", () => {
    const { around, clock, retries, refuse, next } = bench();
    retries.send(MEDIA);
    refuse("media-state");
    around.microphone = false;
    next();
    clock.advance(250);
    expect(next()).toEqual([{ ...MEDIA, microphone: false }]);
  });

  it("is not confirmed by an older one, nor by another's", () => {
    const { clock, retries, refuse, receive, next } = bench();
    retries.send(MEDIA);
    refuse("media-state");
    next();
    const event = { type: "media-state", peer_id: "me", microphone: true, camera: false, screen: false } as const;
    receive(event);
    receive({ ...event, peer_id: "bob", camera: true });
    clock.advance(250);
    expect(next()).toHaveLength(1);
  });
});

describe("words", () => {
  it("are sent again under the same reference for half a minute, then given back", () => {
    const { clock, retries, refuse, next, givenUp } = bench();
    retries.send(chat("hello"));
    const start = clock.now();
    while (givenUp.mock.calls.length === 0 && clock.now() - start < 60_000) {
      for (const message of next()) {
        expect(message).toEqual(chat("hello"));
        refuse("chat");
      }
      clock.advance(50);
    }
    expect(givenUp).toHaveBeenCalledExactlyOnceWith(chat("hello"), "unavailable");
    expect(clock.now() - start).toBeGreaterThanOrEqual(30_000);
    expect(clock.now() - start).toBeLessThan(31_000);
    clock.advance(60_000);
    expect(next()).toEqual([]);
  });

  it("keep their order: new ones wait for those that have to", () => {
    const { clock, retries, refuse, receive, next } = bench();
    retries.send(chat("one"));
    retries.send(chat("two"));
    refuse("chat");
    refuse("chat");
    retries.send(chat("three"));
    expect(next()).toEqual([chat("one"), chat("two")]);
    clock.advance(250);
    expect(next()).toEqual([chat("one"), chat("two"), chat("three")]);
    ["one", "two", "three"].forEach((text) => receive(echo(text)));
    retries.send(chat("four"));
    expect(next()).toEqual([chat("four")]);
  });

  it("that are refused for another reason are given back at once, the right ones", () => {
    const { clock, retries, refuse, next, givenUp } = bench();
    retries.send(chat("one"));
    retries.send(chat("two"));
    refuse("chat");
    // The first waits to be sent again, so this is about the second.
    expect(refuse("chat", "rate-limited")).toBe(true);
    expect(givenUp).toHaveBeenCalledExactlyOnceWith(chat("two"), "rate-limited");
    next();
    clock.advance(250);
    expect(next()).toEqual([chat("one")]);
  });

  it("are bounded", () => {
    const { retries, givenUp } = bench();
    for (let count = 0; count < 130; count += 1) {
      retries.send(chat(`${count}`));
    }
    expect(givenUp.mock.calls.map(([message]) => message)).toEqual([chat("0"), chat("1")]);
  });
});

describe("what a host does", () => {
  it("is tried for ten seconds, then given back", () => {
    const { clock, retries, refuse, next, givenUp } = bench();
    retries.send(REMOVE);
    const start = clock.now();
    while (givenUp.mock.calls.length === 0 && clock.now() - start < 60_000) {
      next().forEach(() => refuse("remove"));
      clock.advance(50);
    }
    expect(givenUp).toHaveBeenCalledExactlyOnceWith(REMOVE, "unavailable");
    expect(clock.now() - start).toBeLessThan(11_000);
  });

  it.each<[Retried, ServerMessage]>([
    [REMOVE, BOB_LEFT],
    [
      { type: "lower-microphone", target_peer_id: "bob" },
      { type: "media-state", peer_id: "bob", microphone: false, camera: true, screen: false },
    ],
    [{ type: "lock", locked: true }, { type: "lock", peer_id: "me", locked: true }],
    [{ type: "transfer-host", target_peer_id: "bob" }, { type: "role", peer_id: "bob", role: "host" }],
    [{ type: "end-call" }, { type: "room-ended", reason: "host" }],
  ])("is not tried again once it has happened: %j", (asked, event) => {
    const { clock, retries, refuse, receive, next } = bench();
    retries.send(asked);
    refuse(asked.type);
    next();
    receive(event);
    clock.advance(60_000);
    expect(next()).toEqual([]);
  });

  it("has happened when the second try has nothing left to do", () => {
    const { clock, retries, refuse } = bench();
    retries.send(REMOVE);
    refuse("remove");
    clock.advance(250);
    expect(refuse("remove", "peer-not-found")).toBe(true);
  });

  it("is told of when it is refused for another reason", () => {
    const { clock, retries, refuse, next } = bench();
    retries.send(REMOVE);
    expect(refuse("remove", "host-only")).toBe(false);
    next();
    clock.advance(60_000);
    expect(next()).toEqual([]);
    expect(refuse("lock")).toBe(false);
  });
});

it("drops a reaction without a word, and leaves other errors to others", () => {
  const { clock, refuse, next } = bench();
  expect(refuse("reaction")).toBe(true);
  expect(refuse("reaction", "rate-limited")).toBe(false);
  expect(refuse("offer")).toBe(false);
  clock.advance(60_000);
  expect(next()).toEqual([]);
});

describe("a lost socket", () => {
  it("has what waits sent after it, and not into it", () => {
    const { around, clock, retries, refuse, next } = bench();
    retries.send(chat("one"));
    refuse("chat");
    next();
    around.open = false;
    clock.advance(60_000);
    expect(next()).toEqual([]);
    around.open = true;
    retries.recovered();
    clock.advance(250);
    expect(next()).toEqual([chat("one")]);
  });

  it("may have taken an answer with it, so what is not confirmed is sent again", () => {
    const { clock, retries, receive, next } = bench();
    retries.send(chat("one"));
    retries.send(chat("two"));
    retries.send({ type: "lock", locked: true });
    next();
    clock.advance(20_000);
    retries.recovered();
    receive(echo("one"));
    clock.advance(250);
    // A lock that was asked for so long ago is not wanted any more.
    expect(next()).toEqual([chat("two")]);
  });

  it("that loses messages leaves only what nothing else says again", () => {
    const { clock, retries, next } = bench();
    retries.send(chat("one"));
    retries.send(HAND);
    retries.send(REMOVE);
    next();
    retries.restated();
    expect(next()).toEqual([REMOVE]);
    clock.advance(60_000);
    expect(next()).toEqual([]);
  });
});

it("forgets with the call", () => {
  const { clock, retries, refuse, next } = bench();
  retries.send(chat("one"));
  refuse("chat");
  next();
  retries.clear();
  clock.advance(60_000);
  expect(next()).toEqual([]);
});
