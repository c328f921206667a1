/**
 * Calls that grow beyond browser to browser, and shrink again: Chromium and Firefox in them, and
 * participants without a browser for the rest.
 */
import { setTimeout as delay } from "node:timers/promises";

import type { Browser } from "puppeteer-core";

import { t } from "../src/locales/translate";
import { Crowd } from "./harness/crowd";
import { launchFirefox } from "./harness/firefox";
import { FirefoxPerson } from "./harness/firefox-person";
import { expect, test as base } from "./harness/fixtures";
import { restartGaps, seesFramesOf, standstill, videos } from "./harness/frames";
import type { Tab } from "./harness/frames";
import type { Person } from "./harness/person";
import type { Server } from "./harness/server";
import { eventually } from "./harness/waiting";

/**
 * A picture that stops for longer is one that people speak of. The switch itself takes none of it:
 * all browsers and the server share the processors of one machine here.
 */
const LONGEST_GAP_MS = 1_500;
/** Rooms stay on the media server for ten seconds after they became small. */
const BACK_WITHIN_MS = 40_000;
const LARGE = 25;
/** Of a page of tiles; two browsers decode them on the processors that everyone else here has, too. */
const LEAST_MOVING = 3;

const test = base.extend<{ firefox: Browser }>({
  firefox: [
    async ({}, use) => {
      const firefox = await launchFirefox();
      await use(firefox);
      await firefox.close();
    },
    { scope: "file" },
  ],
});

interface Two {
  readonly ada: Person;
  readonly fox: FirefoxPerson;
  readonly tabs: readonly (readonly [string, Tab])[];
  readonly ids: readonly [string, string];
}

async function two(
  server: Server,
  ada: Person,
  firefox: Browser,
  roomId: string,
): Promise<Two> {
  const fox = await FirefoxPerson.arrive(await firefox.newPage(), "Grace");
  await ada.join(server.link(roomId));
  await fox.join(server.link(roomId));
  const tabs = [["Chromium", ada.page] as const, ["Firefox", fox.page] as const];
  return { ada, fox, tabs, ids: [await ada.peerId(), await fox.peerId()] };
}

/** Each browser sees each of the others' pictures move. */
async function allMove({ tabs, ids }: Two, others: readonly string[]): Promise<void> {
  await Promise.all(
    tabs.map(([, tab], index) => seesFramesOf(tab, [...others, ids[1 - index] ?? ""])),
  );
}

/**
 * With the media server it is one; browser to browser one for each of the others. The trial of the
 * way to the media server, which has one section, does not count.
 */
async function haveConnections({ tabs }: Two, count: number, deadlineMs: number): Promise<void> {
  for (const [name, tab] of tabs) {
    const open = () =>
      tab.evaluate(
        () => window.__probe.connections().filter((one) => one.getTransceivers().length > 1).length,
      );
    await eventually(`${name} has ${count} connection(s)`, async () => (await open()) === count, {
      deadlineMs,
      describe: open,
    });
  }
}

/** Prints how long the pictures of `others` stood still in each browser at most. */
async function noGap(what: string, { tabs, ids }: Two, others: readonly string[]): Promise<void> {
  for (const [index, [name, tab]] of tabs.entries()) {
    const { longestMs } = await standstill(tab, [...others, ids[1 - index] ?? ""]);
    console.log(`${what}, ${name}: longest gap ${Math.round(longestMs)} ms`);
    expect.soft(longestMs, `${what}, ${name}`).toBeLessThan(LONGEST_GAP_MS);
  }
}

test(
  "the fifth person joins and leaves, and the pictures of the others go on",
  { timeout: 180_000 },
  async ({ server, people, firefox }) => {
    const { room_id } = await server.createRoom({ max_participants: 50 });
    const both = await two(server, await people.arrive("Ada"), firefox, room_id);
    const crowd = await Crowd.join(server.origin, room_id, { participants: 2 });
    const others = crowd.peerIds;
    await crowd.goesBy("mesh");
    await allMove(both, others);

    await Promise.all(both.tabs.map(([, tab]) => restartGaps(tab)));
    const fifth = await Crowd.join(server.origin, room_id, { participants: 1 });
    await crowd.goesBy("sfu");
    await fifth.goesBy("sfu");
    await haveConnections(both, 1, 20_000);
    await allMove(both, [...others, ...fifth.peerIds]);
    await noGap("from browser to browser to the media server", both, others);

    await Promise.all(both.tabs.map(([, tab]) => restartGaps(tab)));
    await fifth.leave();
    await crowd.goesBy("mesh", BACK_WITHIN_MS);
    await allMove(both, others);
    // Nobody uses the media server any more, so the connection to it ends.
    await haveConnections(both, 3, 20_000);
    await noGap("from the media server back to browser to browser", both, others);
    const { longest_gap_ms = 0 } = crowd.progress ?? {};
    console.log(`participants without a browser: longest gap ${longest_gap_ms} ms`);

    await crowd.leave();
    expect(await both.fox.complaints()).toEqual([]);
    await both.fox.page.close();
  },
);

test(
  `both browsers stay usable among ${LARGE} others`,
  { timeout: 240_000 },
  async ({ server, people, firefox }) => {
    const { room_id } = await server.createRoom({ max_participants: 50 });
    const both = await two(server, await people.arrive("Ada"), firefox, room_id);
    const crowd = await Crowd.join(server.origin, room_id, {
      participants: LARGE,
      watch: 1,
      frameRate: 10,
    });
    await crowd.isOverMediaServer(60_000);
    await haveConnections(both, 1, 30_000);
    for (const [name, tab] of both.tabs) {
      const { moved, shown } = await moving(tab);
      console.log(`${name} among ${LARGE}: ${moved} of ${shown} pictures move`);
      expect.soft(moved, name).toBeGreaterThanOrEqual(Math.min(shown, LEAST_MOVING));
    }
    // A click is answered although the processor is busy.
    const start = performance.now();
    await both.ada.sets(t("controls.microphone"), false);
    const between = performance.now();
    await both.fox.press(t("controls.microphone"));
    const end = performance.now();
    console.log(
      `a click took ${Math.round(between - start)} ms in Chromium, ${Math.round(end - between)} ms in Firefox`,
    );
    await crowd.leave();
    expect(await both.fox.complaints()).toEqual([]);
    await both.fox.page.close();
  },
);

const LOOK_FOR_MS = 5_000;

/** Of the others who are on the page, how many move. */
async function moving(tab: Tab): Promise<{ moved: number; shown: number }> {
  const counts = async () =>
    new Map((await videos(tab)).map(({ peerId, frames }) => [peerId, frames] as const));
  const shown = await tab.evaluate(() =>
    [...document.querySelectorAll('article[data-tile]:not([data-self])[data-kind="camera"]')].map(
      (tile) => tile.getAttribute("data-peer-id") ?? "",
    ),
  );
  const before = await counts();
  await delay(LOOK_FOR_MS);
  const after = await counts();
  const moved = shown.filter((peerId) => (after.get(peerId) ?? 0) > (before.get(peerId) ?? 0));
  return { moved: moved.length, shown: shown.length };
}
