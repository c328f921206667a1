import { expect, it } from "vitest";

import { watchPage } from "./pageWatch";

function bench() {
  const window = new EventTarget();
  const connection = new EventTarget();
  const document = Object.assign(new EventTarget(), { visibilityState: "visible" as DocumentVisibilityState });
  const told: string[] = [];
  let now = 0;
  const stop = watchPage(
    { window, document, connection, now: () => now },
    {
      onNetworkChange: () => told.push("network"),
      onWake: () => told.push("wake"),
      onHide: () => told.push("hide"),
      onRestore: () => told.push("restore"),
    },
  );
  const show = (state: DocumentVisibilityState, at: number): void => {
    now = at;
    document.visibilityState = state;
    document.dispatchEvent(new Event("visibilitychange"));
  };
  return { window, connection, told, show, stop };
}

it("tells of networks", () => {
  const { window, connection, told } = bench();
  window.dispatchEvent(new Event("online"));
  connection.dispatchEvent(new Event("change"));
  expect(told).toEqual(["network", "network"]);
});

it("tells of a return after a long absence only", () => {
  const { told, show } = bench();
  show("hidden", 0);
  show("visible", 4_000);
  expect(told).toEqual([]);
  show("hidden", 10_000);
  show("visible", 20_000);
  expect(told).toEqual(["wake"]);
});

it("tells of leaving, and of coming back out of the browser's cache", () => {
  const { window, told } = bench();
  window.dispatchEvent(new Event("pagehide"));
  window.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: false }));
  window.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
  expect(told).toEqual(["hide", "restore"]);
});

it("says nothing after its end", () => {
  const { window, told, stop } = bench();
  stop();
  window.dispatchEvent(new Event("online"));
  expect(told).toEqual([]);
});
