import { expect, test, vi } from "vitest";
import { callState, media, person } from "../gallery/fakes";
import { peopleOf } from "./people";
import { tilesOf } from "./tiles";

vi.mock("../gallery/pictures", () => ({ figureStream: () => null, pageStream: () => null }));

const muted = { microphone: false, camera: true, screen: false };

test("lists oneself, then raised hands in their order, then the others as they came", () => {
  const call = callState([
    person(0),
    person(1, { handRaisedAt: 20 }),
    person(2),
    person(3, { handRaisedAt: 10 }),
  ]);
  const people = peopleOf(call, media());
  expect(people.map(({ peerId, handPlace }) => [peerId, handPlace])).toEqual([
    ["self", null],
    ["peer-3", 1],
    ["peer-1", 2],
    ["peer-0", null],
    ["peer-2", null],
  ]);
});

test("a shared screen is a tile of its own, before the camera of who shares it", () => {
  const sharing = { microphone: true, camera: true, screen: true };
  const tiles = tilesOf(callState([person(0, { media: sharing })]), media());
  expect(tiles.map(({ key, kind, self }) => [key, kind, self])).toEqual([
    ["peer-0/screen", "screen", false],
    ["peer-0", "camera", false],
    ["self", "camera", true],
  ]);
});

test("nobody speaks with the microphone off", () => {
  const [tile] = tilesOf(callState([person(0, { media: muted, speaking: true })]), media());
  expect(tile?.speaking).toBe(false);
});
