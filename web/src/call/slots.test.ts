import { beforeEach, describe, expect, it } from "vitest";

import type { Slot } from "../protocol/generated";
import { createSlots, type Slots } from "./slots";

const camera = (mid: string, peer_id: string | null, paused = false): Slot => ({
  mid,
  content: peer_id === null ? null : { peer_id, source: "camera" },
  paused,
});

let slots: Slots;
let now = 0;
let frames = 0;

beforeEach(() => {
  slots = createSlots();
  now = 1_000;
  frames = 0;
});

function take(...told: Slot[]): void {
  slots.take(told, now);
}

/** Some time passes, in which frames come in every section, or none. */
function pass(ms: number, moving: boolean): void {
  for (const end = now + ms; now < end; now += 50) {
    frames += moving ? 1 : 0;
    slots.sample(() => frames, now);
  }
}

const flows = (peerId: string): boolean => slots.of(peerId, "camera")?.flows ?? false;

it("takes a picture for someone's when it has come after it was told of", () => {
  take(camera("4", "ada"));
  pass(200, false);
  expect(flows("ada")).toBe(false);
  pass(100, true);
  expect(flows("ada")).toBe(true);
});

it("gives a section to another, and not the pictures that were on their way", () => {
  take(camera("4", "ada"));
  pass(200, true);
  take(camera("4", "bob"));
  expect(slots.of("ada", "camera")).toBeNull();
  pass(150, true);
  expect(flows("bob")).toBe(false);
  pass(100, false);
  expect(flows("bob")).toBe(false);
  pass(100, true);
  expect(flows("bob")).toBe(true);
});

it("knows what was in a section also when it was empty for a moment", () => {
  take(camera("4", "ada"));
  pass(200, true);
  take(camera("4", null));
  take(camera("4", "bob"));
  pass(150, true);
  expect(flows("bob")).toBe(false);
});

it("counts on a picture that keeps coming, and on a sound or a screen at once", () => {
  take(camera("4", "ada"), { mid: "5", content: { peer_id: "ada", source: "screen" }, paused: false });
  pass(150, true);
  expect(slots.of("ada", "camera")).toMatchObject({ flows: true, steady: false });
  expect(slots.of("ada", "screen")).toMatchObject({ flows: true, steady: true });
  pass(200, true);
  expect(slots.of("ada", "camera")).toMatchObject({ steady: true });
});

it("keeps the last picture over a hiccup of the camera", () => {
  take(camera("4", "ada"));
  pass(200, true);
  take(camera("4", "ada", true));
  pass(1_500, false);
  take(camera("4", "ada"));
  pass(50, false);
  expect(flows("ada")).toBe(true);
});

it("stops at a pause, and has to come again after it", () => {
  take(camera("4", "ada"));
  pass(200, true);
  take(camera("4", "ada", true));
  pass(2_100, false);
  expect(flows("ada")).toBe(false);
  take(camera("4", "ada"));
  pass(100, false);
  expect(flows("ada")).toBe(false);
  pass(100, true);
  expect(flows("ada")).toBe(true);
});

it("goes on when the server only tells of another layer", () => {
  take(camera("4", "ada"));
  pass(200, true);
  take({ ...camera("4", "ada"), layer: "h" });
  expect(slots.of("ada", "camera")).toMatchObject({ flows: true, layer: "h" });
});

describe("a section that is not shown any more", () => {
  beforeEach(() => {
    take(camera("4", "ada"));
    pass(200, true);
    slots.release(() => false, now);
  });

  it("is nobody's before the server says so, and stays that while old news comes", () => {
    expect(slots.of("ada", "camera")).toBeNull();
    take(camera("4", "ada"));
    expect(slots.of("ada", "camera")).toBeNull();
  });

  it("is theirs again when they are shown again, after the server had time to give it to another", () => {
    slots.release(() => true, now);
    pass(450, true);
    expect(flows("ada")).toBe(false);
    pass(200, true);
    expect(flows("ada")).toBe(true);
  });

  it("is another's as soon as the server gives it to them", () => {
    take(camera("4", "bob"));
    pass(300, true);
    expect(flows("bob")).toBe(true);
  });
});
