import { expect, it } from "vitest";

import { createTabs, type TabChannel } from "./tabs";
import { fakeClock } from "./testing/fakeClock";

/** Tabs of one browser: each hears all others, not itself. */
function browser(): () => TabChannel {
  const listeners: ((event: MessageEvent<unknown>) => void)[] = [];
  return () => {
    const own: typeof listeners = [];
    return {
      postMessage: (data) => {
        for (const listener of listeners.filter((other) => !own.includes(other))) {
          listener({ data } as MessageEvent<unknown>);
        }
      },
      addEventListener: (_, listener) => {
        own.push(listener);
        listeners.push(listener);
      },
    };
  };
}

it("knows of a tab that is in the call, and of its leaving", () => {
  const open = browser();
  const clock = fakeClock();
  const [first, second] = [createTabs(open(), clock), createTabs(open(), clock)];
  const leave = first.announce("ROOM", () => {});
  const inCall = second.inCall("ROOM");
  expect(inCall.get()).toBe(false);
  const stop = inCall.subscribe(() => {});
  expect(inCall.get()).toBe(true);
  expect(second.inCall("OTHER").get()).toBe(false);
  leave();
  expect(inCall.get()).toBe(false);
  stop();
});

it("takes the call over from the other tab", () => {
  const open = browser();
  const clock = fakeClock();
  const [first, second] = [createTabs(open(), clock), createTabs(open(), clock)];
  let takenOver = 0;
  first.announce("ROOM", () => {
    takenOver += 1;
  });
  const inCall = second.inCall("ROOM");
  inCall.subscribe(() => {});
  second.takeOver("ROOM");
  expect(takenOver).toBe(1);
  expect(inCall.get()).toBe(false);
});

it("notices a tab that crashed", () => {
  const open = browser();
  const clock = fakeClock();
  const channel = open();
  const inCall = createTabs(open(), clock).inCall("ROOM");
  inCall.subscribe(() => {});
  channel.postMessage({ kind: "here", roomId: "ROOM" });
  expect(inCall.get()).toBe(true);
  clock.advance(8_000);
  expect(inCall.get()).toBe(false);
});

it("ignores what others say on the channel", () => {
  const open = browser();
  const channel = open();
  const inCall = createTabs(open(), fakeClock()).inCall("ROOM");
  inCall.subscribe(() => {});
  for (const noise of [null, "here", { kind: "here" }, { roomId: 1, kind: "here" }]) {
    channel.postMessage(noise);
  }
  expect(inCall.get()).toBe(false);
});
