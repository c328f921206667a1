import { describe, expect, it } from "vitest";

import { createIceRecovery, type IceRecovery } from "./iceRecovery";
import { fakeClock, type FakeClock } from "./testing/fakeClock";

function bench(): { clock: FakeClock; recovery: IceRecovery; done: string[] } {
  const clock = fakeClock();
  const done: string[] = [];
  const recovery = createIceRecovery(
    { clock, random: () => 0.5 },
    { restart: () => done.push("restart"), rebuild: () => done.push("rebuild"), onState: () => {} },
  );
  return { clock, recovery, done };
}

it("waits for a hiccup to pass", () => {
  const { clock, recovery, done } = bench();
  recovery.handleIceState("connected");
  recovery.handleIceState("disconnected");
  clock.advance(1_400);
  recovery.handleIceState("connected");
  clock.advance(60_000);
  expect(done).toEqual([]);
});

it("restarts a failed path at once, then with growing pauses, and anew every third time", () => {
  const { clock, recovery, done } = bench();
  recovery.handleIceState("connected");
  recovery.handleIceState("failed");
  expect(done).toEqual(["restart"]);
  clock.advance(3_000);
  expect(done).toEqual(["restart", "restart"]);
  expect(recovery.state()).toBe("reconnecting");
  clock.advance(5_000);
  expect(done).toEqual(["restart", "restart", "rebuild"]);
  expect(recovery.state()).toBe("failed");
  clock.advance(10 * 60_000);
  expect(done.length).toBeGreaterThan(30);
});

it("tries a first connection again that does not come about", () => {
  const { clock, recovery, done } = bench();
  recovery.handleIceState("checking");
  clock.advance(10_000);
  expect(done).toEqual(["restart"]);
  expect(recovery.state()).toBe("connecting");
});

describe("without signaling", () => {
  it("keeps the restart for later", () => {
    const { clock, recovery, done } = bench();
    recovery.handleIceState("connected");
    recovery.setSignaling(false);
    recovery.handleIceState("disconnected");
    clock.advance(30_000);
    expect(done).toEqual([]);
    recovery.setSignaling(true);
    expect(done).toEqual(["restart"]);
  });

  it("restarts a path that seems alive when the network is another one", () => {
    const { recovery, done } = bench();
    recovery.handleIceState("connected");
    recovery.setSignaling(false);
    recovery.handleNetworkChange();
    expect(done).toEqual([]);
    recovery.setSignaling(true);
    expect(done).toEqual(["restart"]);
  });

  it("leaves a healthy path alone", () => {
    const { recovery, done } = bench();
    recovery.handleIceState("connected");
    recovery.setSignaling(false);
    recovery.setSignaling(true);
    expect(done).toEqual([]);
  });
});

it("does nothing any more once it is stopped", () => {
  const { clock, recovery, done } = bench();
  recovery.handleIceState("disconnected");
  recovery.stop();
  clock.advance(60_000);
  expect(done).toEqual([]);
});

it("begins anew when the other side has let go, after the time that it was told to wait", () => {
  const { clock, recovery, done } = bench();
  recovery.handleIceState("connected");
  recovery.handleLoss(700);
  expect(recovery.state()).toBe("reconnecting");
  clock.advance(699);
  expect(done).toEqual([]);
  clock.advance(1);
  expect(done).toEqual(["rebuild"]);
});
