import { describe, expect, it } from "vitest";

import { meshNeed, serverNeed } from "./mediaWay";
import { applyMessage, EMPTY_ROOM, type RoomState } from "./roomState";
import { createStreamChoice } from "./streamChoice";
import { FakeStream } from "./testing/fakeConnection";
import { participant, snapshot } from "./testing/serverMessages";
import type { ParticipantInfo, ServerMessage, Topology } from "../protocol/generated";

const SERVER = { peer_id: "server", from_participants: 3 };

function room(topology: Topology, own: Topology, theirs: Topology, change: Partial<ParticipantInfo> = {}): RoomState {
  const participants = [participant("me", { path: own }), participant("ada", { path: theirs, ...change })];
  return applyMessage(
    EMPTY_ROOM,
    {
      type: "joined",
      room_id: "ABCD2345",
      peer_id: "me",
      room: snapshot(participants, { topology, media: SERVER }),
      resume_grace_ms: 30_000,
    } as ServerMessage,
    0,
  );
}

function meshNeedOf(state: RoomState): string {
  const [ada] = state.members;
  return ada === undefined ? "" : meshNeed(state, ada);
}

describe("a connection from browser to browser", () => {
  it.each([
    ["mesh", "mesh", "mesh", "open"],
    ["mesh", "sfu", "sfu", "open"],
    ["sfu", "mesh", "mesh", "keep"],
    ["sfu", "sfu", "mesh", "keep"],
    ["sfu", "mesh", "sfu", "keep"],
    ["sfu", "sfu", "sfu", "none"],
  ] as const)("in a %s room, from %s to %s: %s", (topology, own, theirs, need) => {
    expect(meshNeedOf(room(topology, own, theirs))).toBe(need);
  });

  it("is never made to who sends by WHIP", () => {
    expect(meshNeedOf(room("mesh", "mesh", "mesh", { publisher: true }))).toBe("none");
  });
});

describe("the connection to the media server", () => {
  it.each([
    ["sfu", "mesh", "mesh", "open"],
    ["mesh", "mesh", "mesh", "none"],
    ["mesh", "sfu", "mesh", "keep"],
    ["mesh", "mesh", "sfu", "keep"],
  ] as const)("in a %s room, with %s and %s: %s", (topology, own, theirs, need) => {
    expect(serverNeed(room(topology, own, theirs))).toBe(need);
  });
});

it("is nobody's way any more when there is another media server", () => {
  const before = room("sfu", "sfu", "sfu");
  const same = applyMessage(before, { type: "topology", topology: "sfu", media: SERVER } as ServerMessage, 0);
  expect([same.self?.path, same.members[0]?.path]).toEqual(["sfu", "sfu"]);
  const other = { type: "topology", topology: "sfu", media: { ...SERVER, peer_id: "other" } } as ServerMessage;
  const after = applyMessage(before, other, 0);
  expect([after.self?.path, after.members[0]?.path]).toEqual(["mesh", "mesh"]);
});

it("takes a picture from the way before until the first frame comes by the new one", () => {
  const [fresh, old] = [{ name: "new" }, { name: "old" }];
  const stream = new FakeStream() as unknown as MediaStream;
  const choice = createStreamChoice();
  const choose = (flows: boolean | null, oldFlows: boolean | null): object | undefined =>
    choice.choose("ada/camera", [
      ...(flows === null ? [] : [{ from: fresh, stream, flows }]),
      ...(oldFlows === null ? [] : [{ from: old, stream, flows: oldFlows }]),
    ])?.from;
  expect(choose(null, true)).toBe(old);
  expect(choose(false, true)).toBe(old);
  expect(choose(true, true)).toBe(fresh);
  // A pause in the new one's flow is no reason to go back.
  expect(choose(false, true)).toBe(fresh);
  expect(choose(null, true)).toBe(old);
  expect(choose(null, null)).toBeUndefined();
});
