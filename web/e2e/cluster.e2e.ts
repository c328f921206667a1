/**
 * A call of three over three nodes and a load balancer, in which nodes are restarted for an update
 * or die. Nobody in the call may notice.
 */
import { setTimeout as delay } from "node:timers/promises";

import { expect } from "./harness/fixtures";
import type { People } from "./harness/fixtures";
import { test } from "./harness/cluster";
import type { Cluster } from "./harness/cluster";
import { restartGaps, seesFramesOf, standstill } from "./harness/frames";
import { allSeeAndHearEachOther, allSeeEachOther } from "./harness/person";
import type { Person } from "./harness/person";
import { eventually } from "./harness/waiting";
import { noticed, watch } from "./harness/watch";

/** What nobody takes for more than a hiccup. */
const LARGEST_GAP_MS = 500;
const SIGNALING_GAP_MS = 2_000;
const BACK_WITHIN_MS = 3_000;

/** Three pages that start take all of a small machine; what follows is measured after that. */
const CALM_MS = 3_000;

interface Call {
  readonly people: readonly [Person, Person, Person];
  readonly ids: readonly string[];
}

/** As often as it may take until the load balancer gives somebody a node of their own. */
const ARRIVALS = 20;

async function call(cluster: Cluster, people: People): Promise<Call> {
  const { room_id } = await cluster.createRoom();
  const inside: Person[] = [];
  for (const name of ["Ada", "Grace", "Alan"]) {
    const person = await people.arrive(name, { origin: cluster.origin });
    await arriveAtNodeOfTheirOwn(cluster, person, room_id, inside.length + 1);
    inside.push(person);
  }
  await allSeeAndHearEachOther(inside);
  const ids = await Promise.all(inside.map((person) => person.peerId()));
  return { people: inside as [Person, Person, Person], ids };
}

/**
 * While a page loads, its requests count as much as sockets do, so that the load balancer may lead
 * a second socket to a node that has one. Then they leave, and come again.
 */
async function arriveAtNodeOfTheirOwn(
  cluster: Cluster,
  person: Person,
  roomId: string,
  sockets: number,
): Promise<void> {
  for (let arrival = 1; arrival <= ARRIVALS; arrival += 1) {
    await person.join(cluster.link(roomId));
    const spread = await socketsOf(cluster, sockets);
    if (spread.every((count) => count <= 1)) return;
    await person.leave();
    await socketsOf(cluster, sockets - 1);
  }
  throw new Error(`${person.name} has come ${ARRIVALS} times, and has no node of their own`);
}

/** Of each node, when there are so many together. */
async function socketsOf(cluster: Cluster, together: number): Promise<number[]> {
  return eventually(`there are ${together} sockets`, async () => {
    const counts = await Promise.all(cluster.nodes.map((node) => node.figure("wecall_sockets")));
    return counts.reduce((sum, count) => sum + count, 0) === together ? counts : null;
  });
}

function others({ ids }: Call, index: number): string[] {
  return ids.filter((_, other) => other !== index);
}

async function begin(of: Call): Promise<void> {
  for (const [index, person] of of.people.entries()) {
    await watch(person.page, others(of, index));
    await restartGaps(person.page);
  }
}

/** The longest time that any picture stood still since `begin`. */
async function worstGapMs(of: Call): Promise<number> {
  const stood = of.people.map((person, index) => standstill(person.page, others(of, index)));
  return Math.round(Math.max(...(await Promise.all(stood)).map((one) => one.longestMs)));
}

/** All are there, as whom they were, and what one writes all read. */
async function goesOn(of: Call, text: string): Promise<void> {
  expect(await Promise.all(of.people.map((person) => person.peerId()))).toEqual(of.ids);
  await allSeeEachOther(of.people);
  await Promise.all(of.people.map((person, index) => seesFramesOf(person.page, others(of, index))));
  const [ada, grace, alan] = of.people;
  await ada.writes(text);
  await Promise.all([grace.reads(text), alan.reads(text)]);
}

test("nobody in a call notices that all nodes are restarted", async ({ cluster, people }) => {
  const of = await call(cluster, people);
  await delay(CALM_MS);
  await begin(of);
  await delay(CALM_MS);
  const quietMs = await worstGapMs(of);
  await begin(of);
  const start = performance.now();
  for (const [index, node] of cluster.nodes.entries()) {
    await node.stop();
    await goesOn(of, `without node ${index + 1}`);
    await node.start();
    await cluster.reaches(3);
  }
  const tookMs = Math.round(performance.now() - start);
  await goesOn(of, "with all nodes");
  const gapMs = await worstGapMs(of);
  const all = await Promise.all(of.people.map((person) => noticed(person.page)));
  const gaps = all.flatMap((one) => one.gapsMs).map(Math.round);
  console.log(
    `restarted three nodes within ${tookMs} ms: the longest gap in a picture ${gapMs} ms ` +
      `(${quietMs} ms before), times without signaling: ${gaps.join(", ") || "none"}`,
  );
  expect(all.flatMap((one) => one.vanished)).toEqual([]);
  expect(gapMs).toBeLessThan(LARGEST_GAP_MS);
  expect(Math.max(0, ...gaps)).toBeLessThan(SIGNALING_GAP_MS);
});

test("a node is killed, and whoever was on it is back before anyone misses them", async ({ cluster, people }) => {
  const of = await call(cluster, people);
  await delay(CALM_MS);
  await begin(of);
  await cluster.nodes[1]?.kill();
  const killed = performance.now();
  const lost = await eventually("somebody has lost their socket and is back", async () => {
    const all = await Promise.all(of.people.map((person) => noticed(person.page)));
    const signaling = await Promise.all(of.people.map(isConnected));
    const hit = all.filter((one) => one.gapsMs.length > 0);
    return hit.length === 1 && signaling.every(Boolean) ? hit[0] : null;
  });
  const backMs = Math.round(performance.now() - killed);
  await goesOn(of, "without a node");
  const gapMs = await worstGapMs(of);
  console.log(
    `node killed: back after ${backMs} ms, without signaling for ` +
      `${lost.gapsMs.map(Math.round).join(", ")} ms, the longest gap in a picture ${gapMs} ms`,
  );
  expect(backMs).toBeLessThan(BACK_WITHIN_MS);
  const all = await Promise.all(of.people.map((person) => noticed(person.page)));
  expect(all.flatMap((one) => one.vanished)).toEqual([]);
  expect(gapMs).toBeLessThan(LARGEST_GAP_MS);
});

async function isConnected(person: Person): Promise<boolean> {
  const root = person.page.locator("[data-signaling]");
  return (await root.getAttribute("data-signaling")) === "open";
}
