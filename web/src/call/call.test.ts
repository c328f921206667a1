import { describe, expect, it } from "vitest";

import { callBench } from "./testing/callBench";
import { think } from "./testing/peerPair";
import { participant, snapshot } from "./testing/serverMessages";

const GREETING = { type: "peer-id", peer_id: "x", protocol: 2 };

function lowered(by: string, seq: number): object[] {
  return [
    { type: "media-state", peer_id: "me", microphone: false, camera: true, screen: false, seq },
    { type: "lower-microphone", peer_id: by, seq: seq + 1 },
  ];
}

describe("joining", () => {
  it("offers to everyone who is there, and shows them", async () => {
    const { call, connections, socket, enter } = callBench();
    enter("ada", "bob");
    await think();
    expect(call.state.get().phase).toEqual({ kind: "joined", signaling: { kind: "open" } });
    expect(call.state.get().participants.map(({ name }) => name)).toEqual(["ADA", "BOB"]);
    const offers = socket().sent.filter(({ type }) => type === "offer");
    expect(offers.map((offer) => offer["target_peer_id"])).toEqual(["ada", "bob"]);
    expect(connections).toHaveLength(2);
  });

  it("waits for the offer of who comes later", async () => {
    const { connections, socket, enter, receive } = callBench();
    enter();
    receive({ type: "peer-joined", peer_id: "ada", participant: participant("ada"), seq: 3 });
    await think();
    expect(connections).toHaveLength(1);
    expect(socket().sent.some(({ type }) => type === "offer")).toBe(false);
  });

  it("tells what is sent from the start, and what changed while it was under way", async () => {
    const { call, media, sent, receive } = callBench();
    call.join({ roomId: "ABCD2345", name: "Me", hostToken: "host" });
    receive(GREETING);
    expect(sent()[0]).toMatchObject({
      host_token: "host",
      media: { microphone: true, camera: true, screen: false },
    });
    await media.setCamera(false);
    receive({
      type: "joined",
      seq: 1,
      room_id: "ABCD2345",
      peer_id: "me",
      room: snapshot([participant("me")]),
      resume_token: "t",
      resume_grace_ms: 30_000,
    });
    expect(sent().at(-1)).toEqual({ type: "media-state", microphone: true, camera: false, screen: false });
  });

  it("shows why it was refused, and can be tried again", () => {
    const { call, receive } = callBench();
    call.join({ roomId: "ABCD2345", name: "Me", hostToken: null });
    receive(GREETING, { type: "error", code: "room-full", message: "", in_reply_to: "join" });
    expect(call.state.get().phase).toEqual({ kind: "refused", code: "room-full" });
    call.join({ roomId: "ABCD2345", name: "Me", hostToken: null });
    expect(call.state.get().phase.kind).toBe("joining");
  });
});

describe("a lost socket", () => {
  it("leaves the peer connections alone", async () => {
    const { call, clock, connections, enter, receive, socket } = callBench();
    enter("ada");
    connections[0]?.setIce("connected");
    socket().end(1006);
    clock.advance(300);
    expect(call.state.get().phase).toMatchObject({ signaling: { kind: "reconnecting" } });
    expect(call.state.get().participants[0]?.connection).toBe("connected");
    receive(GREETING, { type: "resumed", peer_id: "me", recovered: true, received: 0, resume_token: "t" });
    expect(call.state.get().phase).toMatchObject({ signaling: { kind: "open" } });
    expect(connections).toHaveLength(1);
    expect(connections[0]?.signalingState).not.toBe("closed");
  });

  it("keeps people whom a recovering server does not know yet, and says again what it forgot", () => {
    const { call, clock, connections, enter, receive, socket, sent } = callBench();
    enter("ada");
    connections[0]?.setIce("connected");
    call.setHand(true);
    call.sendChat("hello");
    socket().end(1006);
    clock.advance(300);
    const room = snapshot([participant("me")], { recovering: true });
    receive(GREETING, { type: "resumed", peer_id: "me", recovered: false, received: 0, resume_token: "t", room });
    expect(call.state.get().participants).toHaveLength(1);
    expect(connections[0]?.signalingState).not.toBe("closed");
    expect(sent().slice(1)).toMatchObject([
      { type: "hand", raised: true },
      { type: "chat", text: "hello" },
    ]);
  });

  it("is suspected when media stops", async () => {
    const { connections, enter, sockets } = callBench();
    enter("ada", "bob");
    connections.forEach((connection) => connection.setIce("connected"));
    connections.forEach((connection) => connection.setIce("disconnected"));
    // Two failures at once are one suspicion.
    expect(sockets.all).toHaveLength(2);
  });

  it("is replaced on another network, and media follows", async () => {
    const { connections, enter, receive, sockets, window } = callBench();
    enter("ada");
    connections[0]?.setIce("connected");
    window.dispatchEvent(new Event("online"));
    expect(sockets.all).toHaveLength(2);
    expect(connections[0]?.restarts).toBe(0);
    receive(GREETING, { type: "resumed", peer_id: "me", recovered: true, received: 9, resume_token: "t" });
    expect(connections[0]?.restarts).toBe(1);
  });
});

describe("people", () => {
  it("who leave take their connection with them", () => {
    const { call, connections, enter, receive } = callBench();
    enter("ada");
    receive({ type: "peer-left", peer_id: "ada", reason: "left", seq: 3 });
    expect(connections[0]?.signalingState).toBe("closed");
    expect(call.state.get().participants).toEqual([]);
  });

  it("who reload get a new connection", () => {
    const { connections, enter, receive } = callBench();
    enter("ada");
    receive(
      { type: "peer-left", peer_id: "ada", reason: "replaced", seq: 3 },
      { type: "peer-joined", peer_id: "ada", participant: participant("ada"), seq: 4 },
    );
    expect(connections.map(({ signalingState }) => signalingState)).toEqual(["closed", "stable"]);
  });

  it("stay the same objects while nothing changes about them", () => {
    const { call, enter, receive } = callBench();
    enter("ada", "bob");
    const [ada, bob] = call.state.get().participants;
    receive({ type: "rename", peer_id: "bob", user_name: "Robert", seq: 3 });
    expect(call.state.get().participants[0]).toBe(ada);
    expect(call.state.get().participants[1]).not.toBe(bob);
  });
});

describe("the host", () => {
  it("lowers one's microphone, which is said only once", () => {
    const { call, enter, media, receive, sent } = callBench();
    enter("ada");
    receive(...lowered("ada", 3));
    expect(media.state.get().microphone.kind).toBe("off");
    expect(sent()).toHaveLength(1);
    expect(call.state.get().notices).toMatchObject([{ kind: "microphone-lowered", by: "ADA" }]);
  });

  it.each([
    [{ type: "removed", peer_id: "ada" }, "removed"],
    [{ type: "room-ended", reason: "host" }, "ended-by-host"],
    [{ type: "room-ended", reason: "expired" }, "expired"],
  ])("ends it by %j", (message, reason) => {
    const { call, connections, enter, receive } = callBench();
    enter("ada");
    receive({ ...message, seq: 3 });
    expect(call.state.get().phase).toEqual({ kind: "over", reason });
    expect(connections[0]?.signalingState).toBe("closed");
  });
});

describe("the page", () => {
  it("says goodbye when it goes, and keeps the session for a reload", () => {
    const { enter, kept, sent, window } = callBench();
    enter("ada");
    window.dispatchEvent(new Event("pagehide"));
    expect(sent().at(-1)).toEqual({ type: "leave" });
    expect(kept.get("ABCD2345")).toBe("token-1");
  });

  it("comes back as the same person out of the browser's cache", () => {
    const { enter, receive, sent, window } = callBench();
    enter("ada");
    window.dispatchEvent(new Event("pagehide"));
    window.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
    receive(GREETING);
    expect(sent()).toMatchObject([{ type: "join", session: "token-1" }]);
  });

  it("stops sharing the screen with the call", async () => {
    const { call, enter, media } = callBench();
    enter("ada");
    await media.setScreen(true);
    call.leave();
    expect(media.state.get().screen.kind).toBe("off");
  });

  it("forgets the session when the person leaves", () => {
    const { call, enter, kept, sent } = callBench();
    enter("ada");
    call.leave();
    expect(sent().at(-1)).toEqual({ type: "leave" });
    expect(kept.size).toBe(0);
    expect(call.state.get().phase).toEqual({ kind: "over", reason: "left" });
  });
});

it("shows one's own words at once, and that they arrived", () => {
  const { call, enter, receive, sent } = callBench();
  enter("ada");
  call.sendChat("hello");
  const { ref } = sent().at(-1) as { ref: string };
  expect(call.state.get().chat).toMatchObject([{ text: "hello", status: "sending", own: true }]);
  receive({
    type: "chat",
    id: 1,
    peer_id: "me",
    user_name: "ME",
    text: "hello",
    sent_at: "2026-01-01T00:00:00Z",
    ref,
    seq: 3,
  });
  expect(call.state.get().chat).toMatchObject([{ text: "hello", status: "sent", own: true }]);
});

it("offers a refused message again", () => {
  const { call, enter, receive, sent } = callBench();
  enter();
  call.sendChat("hello");
  receive({ type: "error", code: "rate-limited", message: "", in_reply_to: "chat" });
  const [entry] = call.state.get().chat;
  expect(entry?.status).toEqual({ refused: "rate-limited" });
  call.retryChat(entry?.key ?? "");
  expect(call.state.get().chat[0]?.status).toBe("sending");
  expect(sent().filter(({ type }) => type === "chat")).toHaveLength(2);
});

describe("a server that cannot act just now", () => {
  const unavailable = (in_reply_to: string): object => ({ type: "error", code: "unavailable", message: "", in_reply_to });

  it("is told the latest state again until it has it, over the host who lowered the microphone", async () => {
    const { call, clock, enter, media, receive, sent } = callBench();
    enter("ada");
    await media.setCamera(false);
    receive(unavailable("media-state"), ...lowered("ada", 3));
    expect(media.state.get().microphone.kind).toBe("off");
    clock.advance(250);
    expect(sent().at(-1)).toEqual({ type: "media-state", microphone: false, camera: false, screen: false });
    expect(call.state.get().notices.map(({ kind }) => kind)).toEqual(["microphone-lowered"]);
  });

  it("gets chat again while it shows as on its way, and in the end it can be sent by hand", () => {
    const { call, clock, enter, receive, sent } = callBench();
    enter("ada");
    call.sendChat("hello");
    for (let second = 0; second < 29; second += 1) {
      receive(unavailable("chat"));
      expect(call.state.get().chat).toMatchObject([{ status: "sending" }]);
      clock.advance(1_000);
    }
    clock.advance(1_000);
    receive(unavailable("chat"));
    const [entry] = call.state.get().chat;
    expect(entry?.status).toEqual({ refused: "unavailable" });
    expect(call.state.get().notices).toEqual([]);
    const before = sent().length;
    call.retryChat(entry?.key ?? "");
    expect(sent()).toHaveLength(before + 1);
    expect(sent().at(-1)).toMatchObject({ type: "chat", text: "hello", ref: entry?.key });
    expect(call.state.get().chat).toMatchObject([{ status: "sending" }]);
  });

  it("gets what a host asks for again, and in the end the host is told", () => {
    const { call, clock, enter, receive, sent } = callBench();
    enter("ada");
    call.setLocked(true);
    receive(unavailable("lock"));
    clock.advance(250);
    expect(sent().slice(-2)).toEqual([
      { type: "lock", locked: true },
      { type: "lock", locked: true },
    ]);
    expect(call.state.get().notices).toEqual([]);
    clock.advance(10_000);
    receive(unavailable("lock"));
    expect(call.state.get().notices).toMatchObject([{ kind: "refused", code: "unavailable" }]);
  });

  it("is not bothered with a reaction whose moment has passed", () => {
    const { call, clock, enter, receive, sent } = callBench();
    enter("ada");
    call.react("heart");
    receive(unavailable("reaction"));
    clock.advance(60_000);
    expect(sent().filter(({ type }) => type === "reaction")).toHaveLength(1);
    expect(call.state.get().notices).toEqual([]);
  });
});
