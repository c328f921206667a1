import { describe, expect, it } from "vitest";

import type { ServerMessage } from "../protocol/generated";
import { applyMessage, EMPTY_ROOM, expire, withPerson, type RoomState } from "./roomState";
import { joined, participant, snapshot } from "./testing/serverMessages";

const NOW = 10_000;
const WALL = Date.parse("2026-01-01T12:00:00Z");

function after(state: RoomState, ...messages: object[]): RoomState {
  return messages.reduce<RoomState>((room, message) => applyMessage(room, message as ServerMessage, NOW), state);
}

function room(...others: string[]): RoomState {
  return after(EMPTY_ROOM, joined("me", others.map((id) => participant(id))));
}

function names(state: RoomState): string[] {
  return state.members.map((member) => member.name);
}

function kinds(state: RoomState): string[] {
  return state.notices.map((notice) => notice.kind);
}

describe("who is in the room", () => {
  it("is what the snapshot says, without oneself", () => {
    const state = room("ada", "bob");
    expect(names(state)).toEqual(["ADA", "BOB"]);
    expect(state.self).toMatchObject({ peerId: "me", role: "participant" });
    expect(kinds(state)).toEqual([]);
  });

  it("changes as people come and go, and tells of it", () => {
    const state = after(
      room("ada"),
      { type: "peer-joined", peer_id: "bob", participant: participant("bob") },
      { type: "peer-left", peer_id: "ada", reason: "lost" },
    );
    expect(names(state)).toEqual(["BOB"]);
    expect(state.notices).toMatchObject([
      { kind: "joined", name: "BOB" },
      { kind: "lost", name: "ADA" },
    ]);
  });

  it("does not tell of a reload", () => {
    const state = after(
      room("ada"),
      { type: "peer-left", peer_id: "ada", reason: "left" },
      { type: "peer-joined", peer_id: "ada", participant: participant("ada") },
    );
    expect(names(state)).toEqual(["ADA"]);
    expect(kinds(state)).toEqual([]);
  });

  it("does not list anyone twice", () => {
    const again = { type: "peer-joined", peer_id: "ada", participant: participant("ada", { user_name: "Ada B" }) };
    expect(names(after(room("ada"), again))).toEqual(["Ada B"]);
  });

  it("ignores the leaving of a stranger", () => {
    const before = room("ada");
    expect(after(before, { type: "peer-left", peer_id: "x", reason: "left" })).toBe(before);
  });
});

describe("after messages were lost", () => {
  const resumed = { type: "resumed", peer_id: "me", recovered: false, received: 0, resume_token: "t" };

  it("who is not listed has left", () => {
    const state = after(room("ada", "bob"), { ...resumed, room: snapshot([participant("ada"), participant("me")]) });
    expect(names(state)).toEqual(["ADA"]);
    expect(state.notices).toMatchObject([{ kind: "left", name: "BOB" }]);
  });

  it("who is not listed may come back while the server collects its people", () => {
    const recovering = { ...resumed, room: snapshot([participant("me")], { recovering: true }) };
    const state = after(room("ada", "bob"), recovering);
    expect(names(state)).toEqual(["ADA", "BOB"]);
    const back = after(state, { type: "peer-joined", peer_id: "bob", participant: participant("bob") });
    expect(kinds(back)).toEqual([]);
    expect(names(expire(back, NOW + 29_999, WALL))).toEqual(["ADA", "BOB"]);
    const later = expire(back, NOW + 30_000, WALL);
    expect(names(later)).toEqual(["BOB"]);
    expect(later.notices).toMatchObject([{ kind: "lost", name: "ADA" }]);
  });

  it("nothing changes when nothing was lost", () => {
    const before = room("ada");
    expect(after(before, { ...resumed, recovered: true })).toBe(before);
  });
});

describe("what people do", () => {
  it("shows media, hands, names and roles of others and of oneself", () => {
    const state = after(
      room("ada"),
      { type: "media-state", peer_id: "ada", microphone: false, camera: true, screen: true },
      { type: "hand", peer_id: "ada", raised: true, hand_raised_at: "2026-01-01T12:00:00Z" },
      { type: "rename", peer_id: "me", user_name: "Me too" },
      { type: "role", peer_id: "me", role: "host" },
    );
    expect(state.members[0]).toMatchObject({
      media: { microphone: false, camera: true, screen: true },
      handRaisedAt: WALL,
    });
    expect(state.self).toMatchObject({ name: "Me too", role: "host" });
    expect(kinds(state)).toEqual(["hand-raised", "now-host"]);
  });

  it("shows a reaction for five seconds, one's own only once", () => {
    const state = after(
      room("ada"),
      { type: "reaction", peer_id: "ada", reaction: "clap" },
      { type: "reaction", peer_id: "me", reaction: "clap" },
    );
    expect(state.reactions).toHaveLength(1);
    expect(expire(state, NOW + 4_999, WALL)).toBe(state);
    expect(expire(state, NOW + 5_000, WALL).reactions).toEqual([]);
  });

  it("tells who locked the room, unless one did it oneself", () => {
    const state = after(
      room("ada"),
      { type: "lock", peer_id: "ada", locked: true },
      { type: "lock", peer_id: "me", locked: false },
    );
    expect(state.room?.locked).toBe(false);
    expect(state.notices).toMatchObject([{ kind: "locked", by: "ADA" }]);
  });

  it("tells of a lowered microphone and of refusals that a person can act on", () => {
    const state = after(
      room("ada"),
      { type: "lower-microphone", peer_id: "ada" },
      { type: "error", code: "host-only", message: "", in_reply_to: "lock" },
      { type: "error", code: "peer-not-found", message: "", in_reply_to: "ice-candidate" },
    );
    expect(kinds(state)).toEqual(["microphone-lowered", "refused"]);
  });
});

it("says once that the room ends soon", () => {
  const base = after(EMPTY_ROOM, {
    ...joined("me"),
    room: snapshot([participant("me")], { expires_at: "2026-01-01T12:04:00Z" }),
  });
  const told = expire(base, NOW, WALL);
  expect(told.notices).toMatchObject([{ kind: "expires-soon", minutes: 4 }]);
  expect(expire(told, NOW, WALL + 60_000)).toBe(told);
});

it("changes nobody but the one who is meant", () => {
  const state = withPerson(room("ada", "bob"), "bob", { name: "Robert" });
  expect(names(state)).toEqual(["ADA", "Robert"]);
});
