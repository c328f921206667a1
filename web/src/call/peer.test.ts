import { describe, expect, it } from "vitest";

import type { Slot } from "./description";
import { fakeClock } from "./testing/fakeClock";
import type { FakeConnection } from "./testing/fakeConnection";
import { deliver, peerPair, peerSide, think, tracks, type Side } from "./testing/peerPair";

/** The slots that come in at a side. */
function received(side: Side): Slot[] {
  const streams = side.peer.streams();
  return (Object.keys(streams) as Slot[]).filter((slot) => streams[slot] !== null);
}

function connection(side: Side): FakeConnection {
  const last = side.connections.at(-1);
  if (last === undefined) {
    throw new Error("no connection was made");
  }
  return last;
}

async function connected(): Promise<ReturnType<typeof peerPair>> {
  const pair = peerPair();
  pair.a.peer.start();
  await pair.settle();
  connection(pair.a).setIce("connected");
  connection(pair.b).setIce("connected");
  return pair;
}

describe("two clients of version 2", () => {
  it("have both directions after one offer and one answer, each in sections of its own", async () => {
    const pair = peerPair();
    pair.a.peer.start();
    await pair.think();
    expect(pair.a.outgoing).toHaveLength(1);
    deliver(pair.a, pair.b);
    await pair.think();
    expect(pair.b.outgoing).toHaveLength(1);
    deliver(pair.b, pair.a);
    await pair.think();
    expect(pair.a.outgoing).toEqual([]);
    expect(pair.b.outgoing).toEqual([]);
    expect(received(pair.a)).toEqual(["microphone", "camera"]);
    expect(received(pair.b)).toEqual(["microphone", "camera"]);
    const directions = connection(pair.b).getTransceivers().map((transceiver) => transceiver.currentDirection);
    expect(directions).toEqual(["recvonly", "recvonly", "sendonly", "sendonly"]);
    expect([...pair.a.problems, ...pair.b.problems]).toEqual([]);
  });

  it("come to the same when both offer at once", async () => {
    const pair = peerPair();
    pair.a.peer.start();
    pair.b.peer.start();
    await pair.settle();
    expect(received(pair.a)).toEqual(["microphone", "camera"]);
    expect(received(pair.b)).toEqual(["microphone", "camera"]);
    expect(connection(pair.a).signalingState).toBe("stable");
    expect(connection(pair.b).signalingState).toBe("stable");
    expect([...pair.a.problems, ...pair.b.problems]).toEqual([]);
  });

  it("keep candidates until the description that they belong to is there", async () => {
    const pair = peerPair();
    pair.b.peer.addCandidate({ candidate: "early", sdpMid: "0" });
    pair.a.peer.start();
    await pair.settle();
    expect(connection(pair.b).candidates).toEqual([{ candidate: "early", sdpMid: "0" }]);
  });

  it("send whatever track is there without another offer", async () => {
    const pair = await connected();
    const muted = tracks("camera");
    pair.a.peer.setTracks(muted);
    await pair.think();
    const sent = connection(pair.a).getTransceivers().map(({ sender }) => sender.track?.id ?? null);
    expect(sent).toEqual([null, "camera", null, null]);
    expect(pair.a.outgoing).toEqual([]);
  });

  it("add a screen to the call, take it away, and use its section again", async () => {
    const pair = await connected();
    pair.a.peer.setTracks(tracks("microphone", "camera", "screen"));
    await pair.settle();
    expect(received(pair.b)).toContain("screen");
    pair.a.peer.setTracks(tracks("microphone", "camera"));
    await pair.settle();
    expect(received(pair.b)).not.toContain("screen");
    const sections = connection(pair.a).getTransceivers().length;
    pair.a.peer.setTracks(tracks("microphone", "camera", "screen"));
    await pair.settle();
    expect(received(pair.b)).toContain("screen");
    expect(connection(pair.a).getTransceivers()).toHaveLength(sections);
  });

  it("share two screens at the same moment", async () => {
    const pair = await connected();
    pair.a.peer.setTracks(tracks("microphone", "camera", "screen", "screen-audio"));
    pair.b.peer.setTracks(tracks("microphone", "camera", "screen"));
    await pair.settle();
    expect(received(pair.b)).toEqual(["microphone", "camera", "screen", "screen-audio"]);
    expect(received(pair.a)).toEqual(["microphone", "camera", "screen"]);
    expect([...pair.a.problems, ...pair.b.problems]).toEqual([]);
  });

  it("tell a newcomer of a screen that is shared already", async () => {
    const pair = peerPair();
    pair.b.peer.setTracks(tracks("microphone", "screen"));
    pair.a.peer.start();
    await pair.settle();
    expect(received(pair.a)).toContain("screen");
  });

  it("do not play someone who is muted", async () => {
    const pair = await connected();
    pair.b.peer.setAudible(false);
    expect(pair.b.peer.streams().microphone?.getTracks()[0]?.enabled).toBe(false);
    pair.b.peer.setAudible(true);
    expect(pair.b.peer.streams().microphone?.getTracks()[0]?.enabled).toBe(true);
  });

  it("limit what they send by the number of people", async () => {
    const pair = await connected();
    pair.a.peer.setContext({ participants: 4, sharingScreen: false, phone: false });
    await pair.think();
    const encoding = connection(pair.a).getTransceivers()[1]?.sender.parameters.encodings[0];
    expect(encoding).toMatchObject({ maxBitrate: 450_000, scaleResolutionDownBy: 2, maxFramerate: 20 });
  });
});

describe("a path that fails", () => {
  it("is restarted when it does not come back by itself", async () => {
    const { clock, a } = await connected();
    connection(a).setIce("disconnected");
    clock.advance(1_000);
    expect(connection(a).restarts).toBe(0);
    expect(a.peer.connection()).toBe("reconnecting");
    expect(a.suspicions.count).toBe(1);
    clock.advance(600);
    expect(connection(a).restarts).toBe(1);
  });

  it("is restarted once signaling is back, if that was away", async () => {
    const { clock, a } = await connected();
    a.peer.setSignaling(false);
    connection(a).setIce("disconnected");
    clock.advance(5_000);
    expect(connection(a).restarts).toBe(0);
    a.peer.setSignaling(true);
    expect(connection(a).restarts).toBe(1);
  });

  it("is given up for a new connection after three attempts, which the other side follows", async () => {
    const pair = await connected();
    connection(pair.a).setIce("failed");
    for (let count = 0; count < 3; count += 1) {
      // Nothing arrives.
      await pair.think();
      pair.a.outgoing.length = 0;
      pair.clock.advance(6_500);
    }
    expect(pair.a.connections).toHaveLength(2);
    expect(pair.a.peer.connection()).toBe("failed");
    await pair.settle();
    expect(pair.b.connections).toHaveLength(2);
    expect(connection(pair.b).signalingState).toBe("stable");
    expect(received(pair.a)).toEqual(["microphone", "camera"]);
    expect(pair.b.connections[0]?.signalingState).toBe("closed");
    connection(pair.a).setIce("connected");
    expect(pair.a.peer.connection()).toBe("connected");
  });

  it("does not take an offer that was meant for the connection before", async () => {
    const pair = await connected();
    connection(pair.b).restartIce();
    await pair.think();
    const [stale] = pair.b.outgoing.splice(0);
    const other = peerSide(pair.clock, { self: "a", remote: "b", ids: "later" });
    other.peer.receive(stale as never);
    await pair.think();
    expect(other.outgoing).toEqual([]);
  });
});

it("sends an offer again that stays without an answer", async () => {
  const pair = peerPair();
  pair.a.peer.start();
  await pair.think();
  const [lost] = pair.a.outgoing.splice(0);
  pair.clock.advance(5_000);
  expect(pair.a.outgoing).toEqual([lost]);
  await pair.settle();
  expect(received(pair.b)).toEqual(["microphone", "camera"]);
});

it("takes an answer that comes twice once", async () => {
  const pair = peerPair();
  pair.a.peer.start();
  await pair.think();
  deliver(pair.a, pair.b);
  await pair.think();
  const answer = pair.b.outgoing[0];
  pair.b.outgoing.push(answer as never);
  await pair.settle();
  expect(pair.a.problems).toEqual([]);
});

describe("a client of version 1", () => {
  const V1_OFFER = JSON.stringify([
    { mid: "0", kind: "audio", direction: "sendrecv" },
    { mid: "1", kind: "video", direction: "sendrecv" },
  ]);

  it("gets our tracks in the sections of its own offer", async () => {
    const side = peerSide(fakeClock(), { self: "b", remote: "a", legacy: true });
    side.peer.receive({ type: "offer", sdp: V1_OFFER });
    await think();
    expect(side.outgoing).toMatchObject([{ type: "answer" }]);
    const transceivers = connection(side).getTransceivers();
    expect(transceivers.map(({ currentDirection }) => currentDirection)).toEqual(["sendrecv", "sendrecv"]);
    expect(transceivers.map(({ sender }) => sender.track?.id)).toEqual(["microphone", "camera"]);
    expect(received(side)).toEqual(["microphone", "camera"]);
  });

  it("is offered both directions in one section, once", async () => {
    const clock = fakeClock();
    const side = peerSide(clock, { self: "b", remote: "a", legacy: true });
    side.peer.start();
    await think();
    expect(side.outgoing).toHaveLength(1);
    const { sdp } = side.outgoing[0] as { sdp: string };
    expect(JSON.parse(sdp)).toMatchObject(JSON.parse(V1_OFFER) as object);
    side.peer.receive({ type: "answer", sdp: V1_OFFER });
    await think();
    expect(received(side)).toEqual(["microphone", "camera"]);
    clock.advance(60_000);
    await think();
    expect(side.outgoing).toHaveLength(1);
  });

  it("sees the screen in place of the camera", async () => {
    const side = peerSide(fakeClock(), { self: "b", remote: "a", legacy: true });
    side.peer.receive({ type: "offer", sdp: V1_OFFER });
    await think();
    side.outgoing.length = 0;
    side.peer.setTracks(tracks("microphone", "camera", "screen"));
    await think();
    expect(connection(side).getTransceivers()[1]?.sender.track?.id).toBe("screen");
    expect(side.outgoing).toEqual([]);
  });
});
