/**
 * Networks that let no UDP through, and no TURN server: the media server is reached by TCP, also by
 * two who do not reach each other. Each person has a network namespace, so this needs root on Linux.
 */
import { expect } from "vitest";

import { People } from "./harness/fixtures";
import { hearsVoices, seesFramesOf } from "./harness/frames";
import { allSeeEachOther } from "./harness/person";
import type { Person } from "./harness/person";
import { testWithPlace } from "./harness/place";
import { eventually } from "./harness/waiting";

const test = testWithPlace(() => [], {
  env: {
    WECALL_TURN__ENABLED: "false",
    WECALL_MEDIA__LISTEN: "0.0.0.0:0",
    WECALL_MEDIA__TCP_LISTEN: "0.0.0.0:0",
  },
});

/** What the page has told of its way: "reach" of each `media-path`. */
function reachesOf(person: Person): string[] {
  const told: string[] = [];
  person.page.on("websocket", (socket) =>
    socket.on("framesent", ({ payload }) => {
      const message = JSON.parse(String(payload)) as { type?: string; reach?: string };
      if (message.type === "media-path" && message.reach !== undefined) told.push(message.reach);
    }),
  );
  return told;
}

test("a trial tells ahead that the media server is reached by TCP", { timeout: 120_000 }, async ({ place }) => {
  const people = new People(place.server, place.browsers[0]);
  const { room_id } = await place.server.createRoom();
  place.hosts[0].allowOnlyTcp();
  const ada = await people.arrive("Ada");
  const grace = await people.arrive("Grace", { browser: place.browsers[1] });
  const told = [reachesOf(ada), reachesOf(grace)];
  await ada.join(place.server.link(room_id));
  await grace.join(place.server.link(room_id));
  await eventually("both have tried", async () => told.every((reaches) => reaches.length > 0), { deadlineMs: 40_000 });
  expect(told.map((reaches) => reaches[0])).toEqual(["tcp", "udp"]);
  await people.dispose();
});

test("two who do not reach each other meet on the media server", { timeout: 120_000 }, async ({ place }) => {
  for (const host of place.hosts) host.allowOnlyTcp();
  const people = new People(place.server, place.browsers[0]);
  const { room_id } = await place.server.createRoom();
  const ada = await people.join("Ada", room_id);
  const grace = await people.join("Grace", room_id, { browser: place.browsers[1] });
  const began = performance.now();
  await allSeeEachOther([ada, grace]);
  await Promise.all([
    seesFramesOf(ada.page, [await grace.peerId()], { deadlineMs: 60_000 }),
    seesFramesOf(grace.page, [await ada.peerId()], { deadlineMs: 60_000 }),
  ]);
  console.log(`they see each other after ${Math.round(performance.now() - began)} ms`);
  await hearsVoices(ada.page, 1);
  await people.dispose();
});
