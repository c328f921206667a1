import { expect, it } from "vitest";

import type { LocalMediaState } from "./model";
import { createStore } from "./observable";
import { createOwnTracks } from "./ownTracks";
import { EMPTY_ROOM, type Member, type RoomState } from "./roomState";
import { fakeClock } from "./testing/fakeClock";
import { FakeStream, FakeTrack } from "./testing/fakeConnection";
import { think } from "./testing/peerPair";

class Camera extends FakeTrack {
  readonly asked: unknown[] = [];
  override async applyConstraints(constraints?: MediaTrackConstraints): Promise<void> {
    this.asked.push((constraints?.height as ConstrainULongRange | undefined)?.ideal);
  }
}

function room(people: number, topology: RoomState["topology"]): RoomState {
  return { ...EMPTY_ROOM, topology, members: Array.from({ length: people - 1 }, () => ({}) as Member) };
}

it("changes the camera's size at once for a room's size, and some time after it changed its way", async () => {
  const clock = fakeClock();
  const camera = new Camera("video");
  const state = createStore({
    microphone: { kind: "off" },
    camera: { kind: "live", stream: new FakeStream([camera]) as unknown as MediaStream },
    screen: { kind: "off" },
  } as LocalMediaState);
  const limits: number[] = [];
  const own = createOwnTracks({
    localMedia: { state },
    clock,
    random: () => 0,
    isPhone: false,
    report: () => {},
    onTracks: () => {},
    onContext: ({ participants }) => limits.push(participants),
  });
  own.update(room(3, "mesh"));
  own.update(room(4, "mesh"));
  await think();
  expect(camera.asked).toEqual([720, 360]);
  own.update(room(5, "sfu"));
  own.update(room(6, "sfu"));
  clock.advance(4_900);
  expect(camera.asked).toEqual([720, 360]);
  clock.advance(100);
  expect(camera.asked).toEqual([720, 360, 720]);
  own.update(room(4, "mesh"));
  own.stop();
  clock.advance(60_000);
  expect(camera.asked).toHaveLength(3);
  expect(new Set(limits)).toEqual(new Set([3, 4, 5, 6]));
});
