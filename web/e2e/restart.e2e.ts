/** The server goes and comes back in the middle of a call. Media must not notice. */
import { setTimeout as delay } from "node:timers/promises";

import { restartGaps, seesFramesOf, standstill } from "./harness/frames";
import { allSeeAndHearEachOther, allSeeEachOther } from "./harness/person";
import type { Person } from "./harness/person";
import { expect, test } from "./harness/fixtures";
import type { Server } from "./harness/server";

/** What a person would take for a hiccup; software decoding of six pictures hiccups as well. */
const LARGEST_GAP_MS = 2_000;

/** How long the server stays away. */
const AWAY_MS = 5_000;

const ways = {
  "killed at once (SIGKILL)": (server: Server) => server.kill(),
  "stopped gracefully (SIGTERM)": (server: Server) => server.stop(),
};

for (const [way, end] of Object.entries(ways)) {
  test(`a call of three outlives a server that is ${way}`, async ({ server, people }) => {
    const { room_id } = await server.createRoom();
    const call: Person[] = [];
    for (const name of ["Ada", "Grace", "Alan"]) call.push(await people.join(name, room_id));
    await allSeeAndHearEachOther(call);
    const [ada, grace, alan] = call as [Person, Person, Person];
    await ada.writes("before the restart");
    await grace.reads("before the restart");
    const ids = await Promise.all(call.map((person) => person.peerId()));
    const others = (index: number) => ids.filter((_, other) => other !== index);
    for (const person of call) await restartGaps(person.page);

    await end(server);
    await Promise.all(call.map((person) => reconnecting(person)));
    await delay(AWAY_MS);
    await Promise.all(call.map((person, index) => seesFramesOf(person.page, others(index))));
    await server.start();
    const back = performance.now();
    await Promise.all(call.map((person) => connected(person)));
    const backAfterMs = Math.round(performance.now() - back);

    expect(await Promise.all(call.map((person) => person.peerId()))).toEqual(ids);
    await allSeeEachOther(call);
    await Promise.all(call.map((person, index) => seesFramesOf(person.page, others(index))));
    const gaps = await Promise.all(
      call.map(async (person, index) => (await standstill(person.page, others(index))).longestMs),
    );
    const gapMs = Math.round(Math.max(...gaps));
    console.log(`${way}: all back after ${backAfterMs} ms, largest gap in a picture ${gapMs} ms`);
    expect(gapMs).toBeLessThan(LARGEST_GAP_MS);
    expect(backAfterMs).toBeLessThan(5_000);

    await alan.writes("after the restart");
    await ada.reads("after the restart");
    await grace.reads("after the restart");
    await grace.reads("before the restart");
  });
}

function reconnecting(person: Person): Promise<void> {
  return person.page.locator('[data-signaling="reconnecting"]').waitFor();
}

function connected(person: Person): Promise<void> {
  return person.page.locator('[data-signaling="open"]').waitFor();
}
