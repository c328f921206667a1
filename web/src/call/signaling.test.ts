import { describe, expect, it, vi, type Mock } from "vitest";

import { createSignaling, type Signaling } from "./signaling";
import { createSignalingAddresses, type SignalingAddresses } from "./signalingAddresses";
import { fakeClock, type FakeClock } from "./testing/fakeClock";
import { fakeSockets, type FakeSockets } from "./testing/fakeSockets";
import { joined, snapshot } from "./testing/serverMessages";

interface Bench {
  clock: FakeClock;
  sockets: FakeSockets;
  signaling: Signaling;
  /** What the engine was told, one word each. */
  told: string[];
  status(): string;
  statuses: string[];
  addresses: SignalingAddresses;
  refreshAddresses: Mock<() => void>;
  /** To the point where the call is joined. */
  enter(): void;
}

const JOIN = { room_id: "ABCD2345", user_name: "Ada", capabilities: ["resume"] };
const GREETING = { type: "peer-id", peer_id: "a", protocol: 2 };

function bench({ random = 0, urls = [] as string[] } = {}): Bench {
  const clock = fakeClock();
  const sockets = fakeSockets();
  const told: string[] = [];
  const addresses = createSignalingAddresses("ws://own/ws", { protocol: "http:" });
  addresses.configure(urls);
  const refreshAddresses = vi.fn<() => void>();
  const statuses: string[] = [];
  const signaling = createSignaling(
    {
      openSocket: sockets.open,
      addresses,
      refreshAddresses,
      clock,
      random: () => random,
    },
    {
      onStatus: (next) => {
        statuses.push(next.kind);
      },
      onMessage: (message) => told.push(message.type),
      onRestate: () => told.push("restate"),
      onRecovered: () => told.push("recovered"),
      onToken: (token) => told.push(`token:${token}`),
      onRefused: (code) => told.push(`refused:${code}`),
      onOver: (reason) => told.push(`over:${reason}`),
    },
  );
  return {
    clock,
    sockets,
    signaling,
    told,
    addresses,
    refreshAddresses,
    statuses,
    status: () => statuses.at(-1) ?? "",
    enter: () => {
      signaling.join(JOIN, null);
      sockets.last().receive(GREETING);
      sockets.last().receive(joined("a"));
      told.length = 0;
      statuses.length = 0;
    },
  };
}

function chat(text: string): { type: "chat"; text: string } {
  return { type: "chat", text };
}

describe("joining", () => {
  it("sends join as soon as the server greets", () => {
    const { sockets, signaling, told, status } = bench();
    signaling.join(JOIN, "before-the-reload");
    expect(sockets.last().sent).toEqual([]);
    sockets.last().receive(GREETING);
    expect(sockets.last().sent).toEqual([{ type: "join", ...JOIN, session: "before-the-reload" }]);
    sockets.last().receive(joined("a"));
    expect(told).toEqual(["token:token-1", "joined"]);
    expect(status()).toBe("open");
  });

  it("uses the socket that was opened ahead", () => {
    const { sockets, signaling } = bench();
    signaling.prepare();
    sockets.last().receive(GREETING);
    signaling.join(JOIN, null);
    expect(sockets.all).toHaveLength(1);
    expect(sockets.last().sent).toMatchObject([{ type: "join" }]);
  });

  it("replaces an idle socket that the server closed, without a word", () => {
    const { clock, sockets, signaling, told } = bench();
    signaling.prepare();
    sockets.last().receive(GREETING);
    sockets.last().end(1000);
    clock.advance(300);
    expect(sockets.all).toHaveLength(2);
    expect(told).toEqual([]);
  });

  it("does not keep a socket open for a page that is left alone, and still joins from it", () => {
    const { clock, sockets, signaling } = bench();
    signaling.prepare();
    for (let count = 0; count < 30; count += 1) {
      sockets.last().receive(GREETING);
      sockets.last().end(1000);
      clock.advance(60_000);
    }
    expect(sockets.all).toHaveLength(10);
    signaling.join(JOIN, null);
    sockets.last().receive(GREETING);
    expect(sockets.last().sent).toMatchObject([{ type: "join" }]);
  });

  it("keeps trying while the server is away", () => {
    const { clock, sockets, signaling, status } = bench();
    signaling.join(JOIN, null);
    for (let attempt = 0; attempt < 20; attempt += 1) {
      sockets.last().end(1006);
      clock.advance(5_000);
    }
    expect(sockets.all.length).toBeGreaterThan(20);
    expect(status()).toBe("reconnecting");
  });

  it("gives a silent attempt up and makes another", () => {
    const { clock, sockets, signaling } = bench();
    signaling.join(JOIN, null);
    clock.advance(2_300);
    expect(sockets.all).toHaveLength(2);
    expect(sockets.all[0]?.closed).toBe(true);
  });

  it("tells a refusal, and can be asked again on the same socket", () => {
    const { sockets, signaling, told } = bench();
    signaling.join(JOIN, null);
    sockets.last().receive(GREETING);
    sockets.last().receive({ type: "error", code: "invalid-name", message: "", in_reply_to: "join" });
    expect(told).toEqual(["refused:invalid-name"]);
    signaling.join({ ...JOIN, user_name: "Bob" }, null);
    expect(sockets.all).toHaveLength(1);
    expect(sockets.last().sent.at(-1)).toMatchObject({ type: "join", user_name: "Bob" });
  });

  it("tries again when the server cannot take it now", () => {
    const { clock, sockets, signaling, told } = bench();
    signaling.join(JOIN, null);
    sockets.last().receive(GREETING);
    sockets.last().receive({ type: "error", code: "unavailable", message: "", in_reply_to: "join" });
    clock.advance(1_000);
    expect(sockets.all).toHaveLength(2);
    expect(told).toEqual([]);
  });
});

describe("a lost socket", () => {
  it("is resumed, and what the server has not received is sent again", () => {
    const { clock, sockets, signaling, told, enter } = bench();
    enter();
    signaling.send(chat("one"));
    signaling.send(chat("two"));
    sockets.last().receive({ type: "rename", peer_id: "b", user_name: "B", seq: 2 });
    sockets.last().end(1012);
    signaling.send(chat("three"));
    clock.advance(300);
    sockets.last().receive(GREETING);
    expect(sockets.last().sent).toEqual([{ type: "resume", token: "token-1", last_seq: 2 }]);
    told.length = 0;
    sockets.last().receive({ type: "resumed", peer_id: "a", recovered: true, received: 1, resume_token: "token-2" });
    expect(sockets.last().sent.slice(1)).toEqual([chat("two"), chat("three")]);
    expect(told).toEqual(["token:token-2", "resumed", "recovered"]);
    sockets.last().receive({ type: "rename", peer_id: "b", user_name: "C", seq: 3 });
    expect(told.at(-1)).toBe("rename");
  });

  it("restates when messages may be lost, and counts anew", () => {
    const { clock, sockets, signaling, told, enter } = bench();
    enter();
    signaling.send(chat("one"));
    sockets.last().end(1006);
    clock.advance(300);
    sockets.last().receive(GREETING);
    told.length = 0;
    const resumed = { type: "resumed", peer_id: "a", recovered: false, received: 0, resume_token: "t" };
    sockets.last().receive({ ...resumed, room: snapshot([]) });
    expect(told).toEqual(["token:t", "resumed", "restate"]);
    expect(sockets.last().sent).toHaveLength(1);
    sockets.last().receive({ type: "lock", locked: true, peer_id: "b", seq: 1 });
    expect(told.at(-1)).toBe("lock");
    // The next message is the first of the new count.
    signaling.send(chat("two"));
    sockets.last().end(1006);
    clock.advance(300);
    sockets.last().receive(GREETING);
    sockets.last().receive({ ...resumed, recovered: true, received: 1 });
    expect(sockets.last().sent).toHaveLength(1);
  });

  it("restates when more was written than is kept", () => {
    const { clock, sockets, signaling, told, enter } = bench();
    enter();
    sockets.last().end(1006);
    for (let count = 0; count < 200; count += 1) {
      signaling.send(chat("x"));
    }
    clock.advance(300);
    sockets.last().receive(GREETING);
    sockets.last().receive({ type: "resumed", peer_id: "a", recovered: true, received: 0, resume_token: "t" });
    expect(sockets.last().sent).toHaveLength(1);
    expect(told.at(-1)).toBe("restate");
  });

  it("joins anew as the same person when the session is over", () => {
    const { clock, sockets, told, enter } = bench();
    enter();
    sockets.last().end(1006);
    clock.advance(300);
    sockets.last().receive(GREETING);
    sockets.last().receive({ type: "error", code: "invalid-resume-token", message: "", in_reply_to: "resume" });
    expect(sockets.last().sent.at(-1)).toEqual({ type: "join", ...JOIN, session: "token-1" });
    sockets.last().receive(joined("a", [], "token-9"));
    expect(told.slice(-2)).toEqual(["token:token-9", "joined"]);
  });

  it.each([
    ["room-not-found", "over:room-gone"],
    ["removed", "over:removed"],
  ])("ends when the answer to resume is %s", (code, ending) => {
    const { clock, sockets, told, enter } = bench();
    enter();
    sockets.last().end(1006);
    clock.advance(300);
    sockets.last().receive(GREETING);
    sockets.last().receive({ type: "error", code, message: "", in_reply_to: "resume" });
    clock.advance(60_000);
    expect(told).toEqual([ending]);
    expect(sockets.all).toHaveLength(2);
  });

  it.each([
    [1000, "over:left"],
    [4001, "over:taken-elsewhere"],
    [1008, "refused:rate-limited"],
  ])("does not come back after close code %i", (code, ending) => {
    const { clock, sockets, told, enter } = bench();
    enter();
    sockets.last().end(code);
    clock.advance(60_000);
    expect(told).toEqual([ending]);
    expect(sockets.all).toHaveLength(1);
  });
});

describe("sequence numbers", () => {
  it("drops what was received before", () => {
    const { sockets, told, enter } = bench();
    enter();
    const message = { type: "lock", locked: true, peer_id: "b", seq: 2 };
    sockets.last().receive(message);
    sockets.last().receive(message);
    expect(told).toEqual(["lock"]);
  });

  it("resumes at once when one is missing, without acting on the one after it", () => {
    const { sockets, told, enter } = bench();
    enter();
    sockets.last().receive({ type: "lock", locked: true, peer_id: "b", seq: 3 });
    expect(told).toEqual([]);
    expect(sockets.all).toHaveLength(2);
    sockets.last().receive(GREETING);
    expect(sockets.last().sent).toEqual([{ type: "resume", token: "token-1", last_seq: 1 }]);
  });

  it("counts the renewal of the token", () => {
    const { sockets, told, enter } = bench();
    enter();
    sockets.last().receive({ type: "session", resume_token: "token-2", seq: 2 });
    sockets.last().receive({ type: "lock", locked: true, peer_id: "b", seq: 3 });
    expect(told).toEqual(["token:token-2", "lock"]);
    expect(sockets.all).toHaveLength(1);
  });
});

describe("a path that looks alive", () => {
  it("is replaced on request, and the old socket says nothing more", () => {
    const { sockets, signaling, told, status, enter } = bench();
    enter();
    signaling.replaceSocket();
    expect(sockets.all).toHaveLength(2);
    sockets.all[0]?.end(4001);
    expect(told).toEqual([]);
    expect(status()).toBe("reconnecting");
  });

  it("is replaced when what was sent does not go out", () => {
    const { clock, sockets, signaling, enter } = bench();
    enter();
    sockets.last().buffered = 100;
    signaling.send(chat("one"));
    clock.advance(3_000);
    expect(sockets.all).toHaveLength(2);
  });

  it("is replaced after a long silence", () => {
    const { clock, sockets, enter } = bench();
    enter();
    clock.advance(89_000);
    expect(sockets.all).toHaveLength(1);
    clock.advance(2_000);
    expect(sockets.all).toHaveLength(2);
  });
});

describe("a node that goes away", () => {
  const RESUMED = { type: "resumed", peer_id: "a", recovered: true, received: 0, resume_token: "token-2" };
  const RENAME = { type: "rename", peer_id: "b", user_name: "B" };

  /** To the point where the new socket has asked for the session. */
  function replacing(options = {}) {
    const whole = bench(options);
    whole.enter();
    const old = whole.sockets.last();
    old.receive({ type: "reconnect", after_ms: 700 });
    whole.clock.advance(700);
    const next = whole.sockets.last();
    return { ...whole, old, next };
  }

  it("keeps the session until another socket has it", () => {
    const { clock, sockets, signaling, told, statuses, enter } = bench();
    enter();
    const old = sockets.last();
    old.receive({ type: "reconnect", after_ms: 700 });
    clock.advance(699);
    expect(sockets.all).toHaveLength(1);
    clock.advance(1);
    expect(sockets.all).toHaveLength(2);
    const next = sockets.last();
    next.receive(GREETING);
    expect(next.sent).toEqual([{ type: "resume", token: "token-1", last_seq: 1 }]);
    old.receive({ ...RENAME, seq: 2 });
    signaling.send(chat("one"));
    signaling.send(chat("two"));
    expect(old.sent.slice(-2)).toEqual([chat("one"), chat("two")]);
    expect(old.closed).toBe(false);
    next.receive({ ...RESUMED, received: 1 });
    expect(old.closed).toBe(true);
    expect(next.sent.slice(1)).toEqual([chat("two")]);
    // Replayed, because it was on its way when the resume was: known already.
    next.receive({ ...RENAME, seq: 2 });
    next.receive({ ...RENAME, seq: 3 });
    expect(told).toEqual(["rename", "token:token-2", "resumed", "recovered", "rename"]);
    expect(new Set(statuses)).toEqual(new Set(["open"]));
    signaling.send(chat("three"));
    expect(next.sent.at(-1)).toEqual(chat("three"));
  });

  it("is left once, however often it asks", () => {
    const { clock, sockets, old } = replacing();
    old.receive({ type: "reconnect", after_ms: 0 });
    clock.advance(1_000);
    expect(sockets.all).toHaveLength(2);
  });

  it("is kept while nothing else can be had, with more and more time between", () => {
    const { clock, sockets, signaling, told, statuses, old } = replacing();
    for (let attempt = 0; attempt < 5; attempt += 1) {
      sockets.last().end(1006);
      clock.advance(1_000);
    }
    for (const code of ["unavailable", "invalid-resume-token", "room-not-found"]) {
      sockets.last().receive(GREETING);
      sockets.last().receive({ type: "error", code, message: "", in_reply_to: "resume" });
      clock.advance(1_000);
    }
    expect(sockets.all).toHaveLength(10);
    expect(told).toEqual([]);
    expect(statuses).toEqual([]);
    signaling.send(chat("one"));
    expect(old.sent.at(-1)).toEqual(chat("one"));
    // Attempts that nobody answers are given up too.
    clock.advance(4_300);
    expect(sockets.all).toHaveLength(11);
    expect(old.closed).toBe(false);
  });

  it.each([1012, 1006, 4001])("may close with %i before it was told that the other socket has it", (code) => {
    const { clock, sockets, signaling, told, status, old, next } = replacing();
    next.receive(GREETING);
    old.end(code);
    signaling.send(chat("one"));
    expect(next.sent).toHaveLength(1);
    next.receive(RESUMED);
    expect(next.sent.at(-1)).toEqual(chat("one"));
    expect(told).toEqual(["token:token-2", "resumed", "recovered"]);
    expect(status()).toBe("open");
    clock.advance(60_000);
    expect(sockets.all).toHaveLength(2);
  });

  it("is not missed for a moment when it closes because the other socket has the session", () => {
    const { statuses, old, next } = replacing();
    next.receive(GREETING);
    old.end(4001);
    next.receive(RESUMED);
    expect(statuses).toEqual(["open"]);
  });

  it("hands over to a socket that is not greeted yet", () => {
    const { sockets, told, statuses, old, next } = replacing();
    old.end(1012);
    expect(statuses).toEqual(["reconnecting"]);
    next.receive(GREETING);
    next.receive(RESUMED);
    expect(sockets.all).toHaveLength(2);
    expect(told.at(-1)).toBe("recovered");
    expect(statuses.at(-1)).toBe("open");
  });

  it("is followed by the usual way when it closes before its time", () => {
    const { clock, sockets, told, enter } = bench();
    enter();
    sockets.last().receive({ type: "reconnect", after_ms: 10_000 });
    sockets.last().end(1012);
    clock.advance(0);
    sockets.last().receive(GREETING);
    sockets.last().receive(RESUMED);
    clock.advance(20_000);
    expect(sockets.all).toHaveLength(2);
    expect(told.at(-1)).toBe("recovered");
  });

  it("is followed by the usual way when the new socket stays silent after its end", () => {
    const { clock, sockets, statuses, old, next } = replacing();
    next.receive(GREETING);
    old.end(4001);
    clock.advance(5_300);
    expect(statuses.at(-1)).toBe("reconnecting");
    expect(next.closed).toBe(true);
    sockets.last().receive(GREETING);
    expect(sockets.last().sent).toMatchObject([{ type: "resume" }]);
  });

  it("closes for a resume of ours that came through late, which is no other tab", () => {
    const { clock, sockets, told, old, next } = replacing();
    next.receive(GREETING);
    clock.advance(5_000);
    expect(next.closed).toBe(true);
    old.end(4001);
    clock.advance(300);
    sockets.last().receive(GREETING);
    sockets.last().receive(RESUMED);
    expect(told.at(-1)).toBe("recovered");
    // Nothing of ours is under way any more: this time it is.
    sockets.last().end(4001);
    expect(told.at(-1)).toBe("over:taken-elsewhere");
  });

  it("still tells what ends the call, and of another tab before anything was asked for", () => {
    const one = replacing();
    one.old.receive({ type: "removed", peer_id: "b", seq: 2 });
    const two = replacing();
    two.old.end(4001);
    for (const { clock, sockets, next } of [one, two]) {
      clock.advance(60_000);
      expect(sockets.all).toHaveLength(2);
      expect(next.closed).toBe(true);
    }
    expect([one.told, two.told]).toEqual([["over:removed"], ["over:taken-elsewhere"]]);
  });

  it("may have lost a message, which the other socket brings", () => {
    const { sockets, told, old, next } = replacing();
    next.receive(GREETING);
    old.receive({ ...RENAME, seq: 3 });
    expect(told).toEqual([]);
    expect(sockets.all).toHaveLength(2);
    next.receive(RESUMED);
    next.receive({ ...RENAME, seq: 2 });
    next.receive({ ...RENAME, seq: 3 });
    expect(told.slice(-2)).toEqual(["rename", "rename"]);
  });

  it("is left together with what was to take its place when the network changes", () => {
    const { clock, sockets, signaling, old, next } = replacing();
    signaling.replaceSocket();
    expect([old.closed, next.closed]).toEqual([true, true]);
    clock.advance(1_900);
    expect(sockets.all).toHaveLength(3);
  });

  it("is left at another of the addresses", () => {
    const { next } = replacing({ urls: ["ws://a/ws", "ws://b/ws"] });
    expect(next.url).toBe("ws://b/ws");
  });

  it.each([[-5], [Number.NaN], ["soon"], [null]])("may say %s for the time without harm", (after_ms) => {
    const { clock, sockets, enter } = bench();
    enter();
    sockets.last().receive({ type: "reconnect", after_ms });
    clock.advance(1);
    expect(sockets.all).toHaveLength(2);
  });

  it("cannot be the reason for sockets as fast as they can be opened", () => {
    const { clock, sockets, enter } = bench();
    enter();
    for (let node = 0; node < 50; node += 1) {
      sockets.last().receive({ type: "reconnect", after_ms: 0 });
      clock.advance(100);
      sockets.last().receive(GREETING);
      sockets.last().receive(RESUMED);
    }
    expect(sockets.all.length).toBeLessThan(10);
  });

  it("is left before there is a call, and in the middle of joining", () => {
    const early = bench();
    early.signaling.prepare();
    early.sockets.last().receive(GREETING);
    early.sockets.last().receive({ type: "reconnect", after_ms: 100 });
    early.clock.advance(400);
    expect(early.sockets.all.map(({ closed }) => closed)).toEqual([true, false]);

    const { clock, sockets, signaling } = bench();
    signaling.join(JOIN, null);
    const old = sockets.last();
    old.receive(GREETING);
    old.receive({ type: "reconnect", after_ms: 0 });
    clock.advance(100);
    old.receive(joined("a"));
    clock.advance(500);
    expect(sockets.all).toHaveLength(2);
    expect(old.closed).toBe(false);
  });
});

describe("several addresses", () => {
  const urls = ["ws://a/ws", "ws://b/ws", "ws://c/ws"];

  it("are tried one after the other at once, then with patience, and asked for again", () => {
    const { clock, sockets, signaling, refreshAddresses } = bench({ urls });
    signaling.join(JOIN, null);
    const tried: string[] = [];
    for (let attempt = 0; attempt < 3; attempt += 1) {
      tried.push(sockets.last().url);
      expect(refreshAddresses).not.toHaveBeenCalled();
      sockets.last().end(1006);
      clock.advance(0);
    }
    expect(tried).toEqual(urls);
    expect(sockets.all).toHaveLength(3);
    expect(refreshAddresses).toHaveBeenCalledTimes(1);
    clock.advance(300);
    expect(sockets.last().url).toBe("ws://a/ws");
    for (let attempt = 0; attempt < 30; attempt += 1) {
      sockets.last().end(1006);
      clock.advance(300);
    }
    expect(refreshAddresses).toHaveBeenCalledTimes(1);
    clock.advance(15_000);
    sockets.last().end(1006);
    clock.advance(5_000);
    expect(refreshAddresses.mock.calls.length).toBeGreaterThan(1);
  });

  it.each([
    [1012, "ws://b/ws"],
    [1013, "ws://b/ws"],
    [1006, "ws://a/ws"],
  ])("are changed or not by close code %i", (code, expected) => {
    const { clock, sockets, enter } = bench({ urls });
    enter();
    sockets.last().end(code);
    clock.advance(0);
    expect(sockets.last().url).toBe(expected);
    sockets.last().receive(GREETING);
    expect(sockets.last().sent).toMatchObject([{ type: "resume" }]);
  });

  it("are changed when one cannot let us in", () => {
    const { clock, sockets, signaling } = bench({ urls });
    signaling.join(JOIN, null);
    sockets.last().receive(GREETING);
    sockets.last().receive({ type: "error", code: "unavailable", message: "", in_reply_to: "join" });
    clock.advance(0);
    expect(sockets.last().url).toBe("ws://b/ws");
  });

  it("that come late count for what is not in use yet, and leave alone what is", () => {
    const before = bench();
    before.signaling.join(JOIN, null);
    before.addresses.configure(urls);
    expect(before.sockets.all.map(({ url, closed }) => [url, closed])).toEqual([
      ["ws://own/ws", true],
      ["ws://a/ws", false],
    ]);

    const inUse = bench();
    inUse.enter();
    inUse.addresses.configure(urls);
    expect(inUse.sockets.all).toHaveLength(1);
    inUse.sockets.last().end(1006);
    inUse.clock.advance(0);
    expect(inUse.sockets.last().url).toBe("ws://a/ws");
  });
});

it("ignores what is no message", () => {
  const { sockets, told, enter } = bench();
  enter();
  for (const text of ["", "{", "[]", "null", "7", '{"type":1}']) {
    sockets.last().receiveText(text);
  }
  expect(told).toEqual([]);
});

it("says goodbye and stops", () => {
  const { clock, sockets, signaling, enter } = bench();
  enter();
  const socket = sockets.last();
  signaling.leave();
  expect(socket.sent.at(-1)).toEqual({ type: "leave" });
  expect(socket.closed).toBe(true);
  clock.advance(60_000);
  expect(sockets.all).toHaveLength(1);
});

it("says goodbye also while the server is yet to answer, on each socket that may have the session", () => {
  const joining = bench();
  joining.signaling.join(JOIN, null);
  joining.sockets.last().receive(GREETING);
  joining.signaling.leave();
  expect(joining.sockets.last().sent.map(({ type }) => type)).toEqual(["join", "leave"]);

  const { clock, sockets, signaling, enter } = bench();
  enter();
  sockets.last().receive({ type: "reconnect", after_ms: 0 });
  clock.advance(0);
  sockets.last().receive(GREETING);
  signaling.leave();
  expect(sockets.all.map(({ sent }) => sent.map(({ type }) => type))).toEqual([
    ["join", "leave"],
    ["resume", "leave"],
  ]);
  expect(sockets.all.map(({ closed }) => closed)).toEqual([true, true]);
});
