import { expect, it } from "vitest";

import type { PeerConnectionState } from "./model";
import { fakeClock } from "./testing/fakeClock";
import { createUnreachableWatch } from "./unreachable";

const state = (one: PeerConnectionState): Map<string, PeerConnectionState> => new Map([["ada", one]]);

it("tells once of who cannot be reached", () => {
  const clock = fakeClock();
  const watch = createUnreachableWatch(clock);
  expect(watch.sample(state("connecting"))).toEqual([]);
  clock.advance(9_900);
  expect(watch.sample(state("connecting"))).toEqual([]);
  clock.advance(100);
  expect(watch.sample(state("connecting"))).toEqual(["ada"]);
  expect(watch.sample(state("failed"))).toEqual([]);
});

it("tells of a path that is lost only when restarts did not help", () => {
  const clock = fakeClock();
  const watch = createUnreachableWatch(clock);
  watch.sample(state("connected"));
  watch.sample(state("reconnecting"));
  clock.advance(60_000);
  expect(watch.sample(state("reconnecting"))).toEqual([]);
  expect(watch.sample(state("failed"))).toEqual(["ada"]);
});

it("begins anew after a time without signaling", () => {
  const clock = fakeClock();
  const watch = createUnreachableWatch(clock);
  watch.sample(state("connecting"));
  clock.advance(9_000);
  watch.reset();
  watch.sample(state("connecting"));
  clock.advance(9_000);
  expect(watch.sample(state("connecting"))).toEqual([]);
});
