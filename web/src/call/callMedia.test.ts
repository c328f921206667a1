import { describe, expect, it } from "vitest";

import type { ParticipantInfo, Topology } from "../protocol/generated";
import type { Participant } from "./model";
import { callBench, type CallBench } from "./testing/callBench";
import type { FakeConnection } from "./testing/fakeConnection";
import { camera, fakeMediaServer, MEDIA, voice, type FakeMediaServer } from "./testing/fakeMediaServer";
import { think } from "./testing/peerPair";
import { participant, snapshot } from "./testing/serverMessages";

interface Scene extends CallBench {
  readonly server: FakeMediaServer;
  person(peerId: string): Participant;
  /** Messages of the session, which are counted. */
  tell(...messages: object[]): void;
  paths(): unknown[];
  confirm(peerId: string, path: Topology): void;
  goes(topology: Topology, media?: object | null): void;
  /** Connections from browser to browser that are not closed. */
  direct(): FakeConnection[];
}

function scene(): Scene {
  const bench = callBench();
  const server = fakeMediaServer(bench);
  // The session begins with `joined` and `participants`.
  let seq = 2;
  const tell = (...messages: object[]): void =>
    messages.forEach((message) => bench.receive({ ...message, seq: (seq += 1) }));
  return {
    ...bench,
    server,
    tell,
    person: (peerId) => {
      const found = bench.call.state.get().participants.find((one) => one.peerId === peerId);
      if (found === undefined) {
        throw new Error(`${peerId} is not there`);
      }
      return found;
    },
    paths: () =>
      bench.sockets.all
        .flatMap(({ sent }) => sent)
        .filter(({ type, path }) => type === "media-path" && path !== undefined)
        .map(({ path }) => path),
    confirm: (peer_id, path) => tell({ type: "media-path", peer_id, path, reach: null }),
    goes: (topology, media = MEDIA) => tell({ type: "topology", topology, media }),
    direct: () => {
      const toServer = server.connections();
      return bench.connections.filter(
        (one) => !toServer.includes(one) && one.signalingState !== "closed" && one.getTransceivers().length > 1,
      );
    },
  };
}

/** In a call from browser to browser, connected and with pictures. */
async function inMesh(...others: string[]): Promise<Scene> {
  const one = scene();
  one.enterRoom({ media: MEDIA }, ...others.map((id) => participant(id)));
  await think();
  for (const [at, connection] of one.direct().entries()) {
    const offer = JSON.parse(connection.localDescription?.sdp ?? "[]") as { mid: string; direction: string }[];
    const sends = Object.fromEntries(
      offer.filter(({ direction }) => direction === "recvonly").map(({ mid }, index) => [mid, index === 0 ? "microphone" : "camera"]),
    );
    const target = others[at] ?? "";
    const offered = one.socket().sent.find(({ type, target_peer_id }) => type === "offer" && target_peer_id === target);
    const description = offered?.["offer"] as { wecall: { offer: string } } | undefined;
    one.receive({
      type: "answer",
      peer_id: target,
      answer: {
        type: "answer",
        sdp: JSON.stringify(offer.map((s) => ({ ...s, direction: s.direction === "recvonly" ? "sendonly" : "recvonly" }))),
        wecall: { connection: `${target}-1`, peer: null, offer: description?.wecall.offer, sends, receives: {} },
      },
    });
    await think();
    connection.setIce("connected");
    connection.getTransceivers().forEach((transceiver) => {
      transceiver.received = 1;
    });
  }
  one.clock.advance(50);
  return one;
}

/** Alone with the media server, which brings both of the others. */
async function onServer(change: Partial<ParticipantInfo> = {}): Promise<Scene> {
  const one = scene();
  const others = ["ada", "bob"].map((id) => participant(id, { path: "sfu", ...change }));
  one.enterRoom({ topology: "sfu", media: MEDIA }, ...others);
  await one.server.connect();
  one.server.fill(camera("ada"), camera("bob"), voice("ada"));
  bring(one);
  return one;
}

/** Some frames come over the media server. */
function bring(one: Scene): void {
  for (let frame = 0; frame < 5; frame += 1) {
    one.clock.advance(50);
    one.server.deliver();
  }
  one.clock.advance(50);
}

/** Time in which everything comes from browser to browser. */
function pass(one: Scene, ms: number): void {
  for (let passed = 0; passed < ms; passed += 100) {
    one.clock.advance(100);
    one.direct().forEach((connection) =>
      connection.getTransceivers().forEach((transceiver) => {
        transceiver.received += 1;
      }),
    );
  }
}

describe("a room that goes over its media server", () => {
  it("shows the pictures from browser to browser until the server's come", async () => {
    const one = await inMesh("ada", "bob");
    const before = one.person("ada").camera;
    expect(before).not.toBeNull();
    one.goes("sfu");
    expect(one.person("ada").camera).toBe(before);
    expect(one.call.state.get()).toMatchObject({ topology: "sfu", media: "connecting", mediaFrom: 3 });
    await one.server.connect();
    one.server.fill(camera("ada"), camera("bob"));
    one.clock.advance(500);
    expect(one.person("ada").camera).toBe(before);
    expect(one.paths()).toEqual([]);

    bring(one);
    const after = one.person("ada").camera;
    expect(after).not.toBe(before);
    expect(after?.getTracks()[0]).toBe(one.server.sections("video")[0]?.receiver.track);
    expect(one.paths()).toEqual(["sfu"]);
  });

  it("keeps each connection from browser to browser until both ends have gone over", async () => {
    const one = await inMesh("ada", "bob");
    one.goes("sfu");
    await one.server.connect();
    one.server.fill(camera("ada"), camera("bob"));
    bring(one);
    one.confirm("ada", "sfu");
    expect(one.direct()).toHaveLength(2);
    one.confirm("me", "sfu");
    expect(one.direct()).toHaveLength(1);
    one.confirm("bob", "sfu");
    expect(one.direct()).toHaveLength(0);
    expect(one.person("ada")).toMatchObject({ connection: "connected", path: "sfu" });
    expect(one.person("ada").camera).not.toBeNull();
  });

  it("does not wait for ever for who does not come", async () => {
    const one = await inMesh("ada", "bob");
    one.goes("sfu");
    await one.server.connect();
    one.server.fill(camera("ada"), null);
    pass(one, 7_500);
    expect(one.paths()).toEqual([]);
    pass(one, 1_000);
    expect(one.paths()).toEqual(["sfu"]);
    one.confirm("me", "sfu");
    one.confirm("ada", "sfu");
    expect(one.direct()).toHaveLength(1);
    expect(one.person("bob").camera).not.toBeNull();
  });

  it("makes no connection from browser to browser to who comes then", async () => {
    const one = await onServer();
    one.tell({ type: "peer-joined", peer_id: "eve", participant: participant("eve") });
    await think();
    expect(one.direct()).toHaveLength(0);
    expect(one.person("eve").connection).toBe("connecting");
    one.confirm("eve", "sfu");
    expect(one.person("eve").connection).toBe("connected");
  });

  it("says of itself that it goes over the server, and how it is reached", async () => {
    const one = await onServer();
    expect(one.sent().filter(({ type }) => type === "media-path")).toEqual([
      { type: "media-path", reach: "udp" },
      { type: "media-path", path: "sfu" },
    ]);
  });
});

describe("a room that goes from browser to browser again", () => {
  it("has the one with the lower id offer, and shows the server's pictures until the others' come", async () => {
    const one = scene();
    const others = ["ada", "zoe"].map((id) => participant(id, { path: "sfu" }));
    one.enterRoom({ topology: "sfu", media: MEDIA }, ...others);
    await one.server.connect();
    one.server.fill(camera("ada"), camera("zoe"));
    bring(one);
    one.confirm("me", "sfu");
    const shown = one.person("zoe").camera;
    one.goes("mesh");
    await think();
    const offers = one.socket().sent.filter(({ type, target_peer_id }) => type === "offer" && target_peer_id !== "server");
    expect(offers.map(({ target_peer_id }) => target_peer_id)).toEqual(["zoe"]);
    expect(one.person("zoe").camera).toBe(shown);
    expect(one.paths()).toEqual(["sfu"]);
  });

  it("lets go of the server when everyone has gone over", async () => {
    const one = await inMesh("ada");
    one.goes("sfu");
    await one.server.connect();
    one.server.fill(camera("ada"));
    bring(one);
    one.confirm("me", "sfu");
    // Ada has not, so the connection to her is there still.
    one.goes("mesh");
    pass(one, 600);
    expect(one.paths()).toEqual(["sfu", "mesh"]);
    one.confirm("ada", "sfu");
    one.confirm("me", "mesh");
    expect(one.server.connection().signalingState).not.toBe("closed");
    one.confirm("ada", "mesh");
    expect(one.server.connection().signalingState).toBe("closed");
    expect(one.call.state.get().media).toBe("idle");
    expect(one.person("ada").camera).not.toBeNull();
  });
});

describe("what the server sends", () => {
  it("is another's from one moment to the next, and nobody's picture under another's name", async () => {
    const one = await onServer();
    const adas = one.person("ada").camera;
    one.tell({ type: "peer-joined", peer_id: "eve", participant: participant("eve", { path: "sfu" }) });
    one.server.fill(camera("eve"), camera("bob"), voice("ada"));
    expect(one.person("ada").camera).toBeNull();
    expect(one.person("eve").camera).toBeNull();
    one.server.deliver();
    one.clock.advance(100);
    expect(one.person("eve").camera).toBeNull();
    bring(one);
    expect(one.person("eve").camera).toBe(adas);
  });

  it("is one stream for each voice, silenced when its owner is muted", async () => {
    const one = await onServer();
    const { serverAudio } = one.call.state.get();
    expect(serverAudio).toHaveLength(1);
    expect(one.person("ada").audio).toBeNull();
    expect(serverAudio[0]?.getAudioTracks()[0]?.enabled).toBe(true);
    one.tell({ type: "media-state", peer_id: "ada", microphone: false, camera: true, screen: false });
    expect(serverAudio[0]?.getAudioTracks()[0]?.enabled).toBe(false);
    one.server.fill(camera("ada"), camera("bob"), voice("bob"));
    expect(one.call.state.get().serverAudio).toBe(serverAudio);
    expect(serverAudio[0]?.getAudioTracks()[0]?.enabled).toBe(true);
  });

  it("is not heard twice while it comes by both ways", async () => {
    const one = await inMesh("ada");
    const direct = one.person("ada").audio;
    expect(direct).not.toBeNull();
    one.goes("sfu");
    await one.server.connect();
    one.server.fill(voice("ada"));
    const [track] = one.call.state.get().serverAudio[0]?.getAudioTracks() ?? [];
    expect([one.person("ada").audio, track?.enabled]).toEqual([direct, false]);
    bring(one);
    expect([one.person("ada").audio, track?.enabled]).toEqual([null, true]);
  });

  it("is paused where the connection is too narrow for it", async () => {
    const one = await onServer();
    const [ada] = one.server.sections("video");
    one.receive({
      type: "slots",
      peer_id: "server",
      slots: [{ mid: ada?.mid, content: camera("ada"), paused: true }],
    });
    one.clock.advance(2_100);
    expect(one.person("ada")).toMatchObject({ camera: null, cameraPaused: true, cameraShown: true });
    expect(one.person("bob")).toMatchObject({ camera: null, cameraPaused: false, cameraShown: false });
  });

  it("tells who speaks, and who is shown large", async () => {
    const one = await onServer();
    one.receive({ type: "speakers", speakers: [{ peer_id: "bob", level: -20 }, { peer_id: "ada", level: -30 }] });
    one.clock.advance(200);
    expect([one.person("ada").speaking, one.person("bob").speaking]).toEqual([true, true]);
    expect(one.call.state.get().loudest).toBe("bob");
    one.receive({ type: "speakers", speakers: [] });
    one.clock.advance(200);
    expect(one.person("bob").speaking).toBe(false);
    expect(one.call.state.get().loudest).toBe("bob");
  });
});

describe("what is sent to the server", () => {
  it("is the camera in three layers and the screen in two, each with a section from the first offer on", async () => {
    const one = await onServer();
    const sections = one.server.connection().getTransceivers().slice(0, 4);
    expect(sections.map(({ kind, direction }) => `${kind} ${direction}`)).toEqual([
      "audio sendonly",
      "video sendonly",
      "video sendonly",
      "audio sendonly",
    ]);
    const rids = sections.map(({ sender }) => sender.parameters.encodings.map(({ rid }) => rid));
    expect(rids.slice(1, 3)).toEqual([
      ["q", "h", "f"],
      ["q", "f"],
    ]);
  });

  it("are the layers that someone needs", async () => {
    const one = await onServer();
    const [, sent] = one.server.connection().getTransceivers();
    const active = (): (boolean | undefined)[] | undefined => sent?.sender.parameters.encodings.map((encoding) => encoding.active);
    expect(active()).toEqual([true, true, true]);
    one.receive({ type: "layers", source: "camera", layers: ["q"] });
    await think();
    expect(active()).toEqual([true, false, false]);
    one.receive({ type: "layers", source: "camera", layers: ["q", "f"] });
    await think();
    expect(active()).toEqual([true, false, true]);
  });

  it("is a screen without another offer", async () => {
    const one = await onServer();
    const offers = (): number => one.socket().sent.filter(({ type }) => type === "offer").length;
    const before = offers();
    await one.media.setScreen(true);
    await think();
    expect(one.server.connection().getTransceivers()[2]?.sender.track).not.toBeNull();
    expect(offers()).toBe(before);
  });
});

describe("what is shown", () => {
  it("is asked for when the server is there, and again after signaling was away", async () => {
    const one = await onServer();
    expect(one.server.views().at(-1)).toMatchObject({
      target_peer_id: "server",
      shown: [{ peer_id: "ada", source: "camera", width: 640 }, { peer_id: "bob" }],
    });
    const before = one.server.views().length;
    one.socket().end(1006);
    one.clock.advance(300);
    one.receive(
      { type: "peer-id", peer_id: "x", protocol: 2 },
      { type: "resumed", peer_id: "me", recovered: true, received: 3, resume_token: "t" },
    );
    expect(one.server.views().length).toBe(before + 1);
    expect(one.server.connections()).toHaveLength(1);
    expect(one.person("ada").connection).toBe("connected");
  });

  it("is what the page says, and gets sections as it needs them", async () => {
    const one = await onServer();
    expect(one.server.sections("video")).toHaveLength(9);
    const others = Array.from({ length: 12 }, (_, index) => `p${index}`);
    one.tell(
      ...others.map((id) => ({
        type: "peer-joined",
        peer_id: id,
        participant: participant(id, { path: "sfu" }),
      })),
    );
    const tiles = others.map((peerId) => ({ peerId, source: "camera" as const, width: 320, height: 180 }));
    one.call.setView({ tiles, pinned: "p3", quality: "auto" });
    one.clock.advance(150);
    await think();
    expect(one.server.sections("video")).toHaveLength(14);
    expect(one.server.views().at(-1)).toMatchObject({ pinned: "p3" });
    expect(one.server.views().at(-1)?.["shown"]).toHaveLength(12);
    // Ada is on another page: her picture is let go before the server knows.
    expect(one.person("ada").camera).toBeNull();
  });

  it("is nothing while the person wants no pictures", async () => {
    const one = await onServer();
    one.call.setQuality("audio-only");
    one.clock.advance(150);
    expect(one.server.views().at(-1)?.["shown"]).toEqual([]);
    expect(one.call.state.get()).toMatchObject({ quality: "audio-only" });
    expect(one.person("ada")).toMatchObject({ camera: null, connection: "connected" });
  });
});

describe("a media server that is in trouble", () => {
  it("is offered to anew when it let go, and keeps the room informed", async () => {
    const one = await onServer();
    one.server.gone("lost");
    expect(one.call.state.get().media).toBe("reconnecting");
    expect(one.person("ada").connection).toBe("reconnecting");
    one.clock.advance(200);
    await one.server.connect();
    expect(one.server.connections().map(({ signalingState }) => signalingState)).toEqual(["closed", "stable"]);
    one.server.fill(camera("ada"));
    bring(one);
    expect(one.call.state.get().media).toBe("connected");
    expect(one.person("ada").camera).not.toBeNull();
  });

  it("is left in peace for longer and longer while it is busy", async () => {
    const one = scene();
    one.enterRoom({ topology: "sfu", media: MEDIA }, participant("ada"));
    await think();
    const offers: number[] = [];
    for (let second = 0; second < 40; second += 1) {
      const before = one.server.connections().length;
      one.clock.advance(1_000);
      await think();
      if (one.server.connections().length > before) {
        offers.push(second);
      }
      one.server.gone("busy");
    }
    expect(offers.length).toBeGreaterThan(2);
    expect(offers.length).toBeLessThan(15);
  });

  it("is asked again when it does not answer", async () => {
    const one = scene();
    one.enterRoom({ topology: "sfu", media: MEDIA }, participant("ada"));
    await think();
    const offers = (): number => one.socket().sent.filter(({ type }) => type === "offer").length;
    const before = offers();
    one.clock.advance(5_000);
    expect(offers()).toBe(before + 1);
  });

  it("ends an earlier connection without harm to the one that is on its way", async () => {
    const one = scene();
    one.enterRoom({ topology: "sfu", media: MEDIA }, participant("ada"));
    await think();
    one.server.gone("lost");
    one.clock.advance(1_000);
    expect(one.server.connections()).toHaveLength(1);
    await one.server.connect();
    expect(one.call.state.get().media).toBe("connected");
  });

  it("is restarted when the path dies, and on another network", async () => {
    const one = await onServer();
    one.server.connection().setState("disconnected");
    one.clock.advance(1_500);
    expect(one.server.connection().restarts).toBe(0);
    one.receive(
      { type: "peer-id", peer_id: "x", protocol: 2 },
      { type: "resumed", peer_id: "me", recovered: true, received: 3, resume_token: "t" },
    );
    expect(one.server.connection().restarts).toBe(1);
  });

  it("is suspected when nothing comes any more, before ICE notices", async () => {
    const one = await onServer();
    for (let tick = 0; tick < 8; tick += 1) {
      one.clock.advance(250);
      one.server.deliver();
    }
    expect(one.sockets.all).toHaveLength(1);
    one.clock.advance(1_750);
    expect(one.sockets.all).toHaveLength(2);
  });

  it("is left for another one only when that brings everything", async () => {
    const one = await onServer();
    const other = fakeMediaServer(one, "server-2");
    const shown = one.person("ada").camera;
    one.confirm("me", "sfu");
    one.goes("sfu", { ...MEDIA, peer_id: "server-2" });
    await other.connect();
    expect(one.person("ada").camera).toBe(shown);
    expect(one.server.connection().signalingState).not.toBe("closed");
    other.fill(camera("ada"), camera("bob"));
    bring({ ...one, server: other });
    expect(one.server.connection().signalingState).toBe("closed");
    expect(one.person("ada").camera).not.toBe(shown);
    expect(one.paths()).toEqual(["sfu", "sfu"]);
  });
});

describe("the way to the media server", () => {
  const reaches = (one: Scene): unknown[] =>
    one.sent().flatMap(({ reach }) => (reach === undefined ? [] : [reach]));

  it("is tried while it is not needed, once, without any media", async () => {
    const one = scene();
    one.enterRoom({ media: MEDIA }, participant("ada"));
    await think();
    expect(one.server.connections()).toHaveLength(0);
    one.clock.advance(4_000);
    await one.server.answer();
    const trial = one.server.connection();
    expect(trial.getTransceivers().map(({ kind, direction }) => `${kind} ${direction}`)).toEqual(["audio inactive"]);
    trial.setState("connected");
    await think();
    expect(reaches(one)).toEqual(["udp"]);
    expect(trial.signalingState).toBe("closed");
    one.clock.advance(60_000);
    expect(one.server.connections()).toHaveLength(1);
    expect(one.call.state.get().media).toBe("idle");
  });

  it("is found closed after 15 seconds", async () => {
    const one = scene();
    one.enterRoom({ media: MEDIA }, participant("ada"));
    one.clock.advance(4_000);
    await one.server.answer();
    one.clock.advance(14_900);
    expect(reaches(one)).toEqual([]);
    one.clock.advance(100);
    expect(reaches(one)).toEqual(["nothing"]);
  });

  it("is not tried any more when the room goes over it", async () => {
    const one = scene();
    one.enterRoom({ media: MEDIA }, participant("ada"));
    one.clock.advance(4_000);
    await think();
    const trial = one.server.connection();
    one.goes("sfu");
    expect(trial.signalingState).toBe("closed");
  });
});

it("asks for the media server when two browsers do not find each other", async () => {
  const one = scene();
  one.enterRoom({ media: MEDIA }, participant("ada"), participant("old", { capabilities: ["resume"] }));
  await think();
  one.clock.advance(11_000);
  const asked = one.sent().filter(({ type }) => type === "unreachable");
  expect(asked).toEqual([{ type: "unreachable", target_peer_id: "ada" }]);
});

it("begins anew with a session that did, in a room that goes over its media server", async () => {
  const one = await onServer();
  one.socket().end(1006);
  one.clock.advance(300);
  one.receive({ type: "peer-id", peer_id: "x", protocol: 2 });
  one.receive({ type: "error", code: "invalid-resume-token", message: "", in_reply_to: "resume" });
  one.receive({
    type: "joined",
    seq: 1,
    room_id: "ABCD2345",
    peer_id: "me-2",
    room: snapshot([participant("ada", { path: "sfu" }), participant("me-2")], { topology: "sfu", media: MEDIA }),
    resume_token: "t",
    resume_grace_ms: 30_000,
  });
  await one.server.connect();
  expect(one.server.connections().map(({ signalingState }) => signalingState)).toEqual(["closed", "stable"]);
});
