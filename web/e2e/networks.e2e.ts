/**
 * The network of one person goes, or changes, in the middle of a call. Each person has a network
 * namespace, so this needs root on Linux.
 */
import { setTimeout as delay } from "node:timers/promises";

import { People, expect } from "./harness/fixtures";
import { restartGaps, seesFramesOf, standstill } from "./harness/frames";
import type { Standstill } from "./harness/frames";
import { allSeeAndHearEachOther, allSeeEachOther } from "./harness/person";
import type { Person } from "./harness/person";
import { testWithPlace } from "./harness/place";
import type { Place } from "./harness/place";

/** After the network is usable again. */
const FRAMES_BACK_MS = 3_000;

/** Long enough for ICE to give up: it says `disconnected` after 5 s. */
const CUT_MS = 10_000;

const test = testWithPlace();

interface CallOfTwo {
  readonly people: People;
  readonly ada: Person;
  readonly grace: Person;
  readonly adaId: string;
  readonly graceId: string;
}

async function callOfTwo(place: Place): Promise<CallOfTwo> {
  const people = new People(place.server, place.browsers[0]);
  const { room_id } = await place.server.createRoom();
  const ada = await people.join("Ada", room_id);
  const grace = await people.join("Grace", room_id, { browser: place.browsers[1] });
  await allSeeAndHearEachOther([ada, grace]);
  return { people, ada, grace, adaId: await ada.peerId(), graceId: await grace.peerId() };
}

/**
 * How long the pictures stood still on either side, over `interrupt` and what followed it.
 * Resolves when they move again.
 */
async function standstillOver(
  call: CallOfTwo,
  interrupt: () => Promise<void>,
): Promise<Standstill> {
  const sides = [
    [call.ada.page, [call.graceId]],
    [call.grace.page, [call.adaId]],
  ] as const;
  await Promise.all(sides.map(([page]) => restartGaps(page)));
  await interrupt();
  await Promise.all(sides.map(([page, others]) => seesFramesOf(page, others)));
  const stood = await Promise.all(sides.map(([page, others]) => standstill(page, others)));
  return {
    firstMs: Math.round(Math.max(...stood.map((one) => one.firstMs))),
    longestMs: Math.round(Math.max(...stood.map((one) => one.longestMs))),
  };
}

test("a network that was away for 10 s brings the pictures back", async ({ place }) => {
  const call = await callOfTwo(place);
  const { people, ada, grace } = call;
  const [host] = place.hosts;

  let awayMs = 0;
  const stood = await standstillOver(call, async () => {
    host.cut();
    const cutAt = performance.now();
    await delay(CUT_MS);
    host.restore();
    awayMs = performance.now() - cutAt;
  });
  const backAfterMs = Math.round(stood.longestMs - awayMs);
  console.log(`frames again ${backAfterMs} ms after the network`);
  expect(backAfterMs).toBeLessThanOrEqual(FRAMES_BACK_MS);

  expect(await ada.peerId()).toBe(call.adaId);
  await allSeeEachOther([ada, grace]);
  await grace.writes("are you back?");
  await ada.reads("are you back?");
  await people.dispose();
});

test("a changed address brings the pictures back", async ({ place }) => {
  const call = await callOfTwo(place);
  const { people, ada, grace } = call;
  const [host] = place.hosts;

  const stood = await standstillOver(call, async () => host.changeAddress());
  const { firstMs, longestMs } = stood;
  console.log(`frames again ${firstMs} ms after the change of address, longest standstill ${longestMs} ms`);
  expect(firstMs).toBeGreaterThan(0);
  expect(firstMs).toBeLessThanOrEqual(FRAMES_BACK_MS);
  // A picture that is back may stop once more; it shall not for longer than that either.
  expect(longestMs).toBeLessThanOrEqual(FRAMES_BACK_MS);

  expect(await ada.peerId()).toBe(call.adaId);
  await grace.writes("a new address?");
  await ada.reads("a new address?");
  await people.dispose();
});
