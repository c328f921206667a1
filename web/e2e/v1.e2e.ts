/** A client of version 1, on an origin of its own, in one call with the app. */
import type { Page } from "playwright-core";

import { t } from "../src/locales/later";
import { expect, test as base } from "./harness/fixtures";
import type { People } from "./harness/fixtures";
import { hearsEveryone, seesFramesOf } from "./harness/frames";
import { serveV1Client } from "./v1-client/serve";
import { eventually } from "./harness/waiting";

interface V1Window {
  readonly __v1: { peerId: string | null; surprises: string[] };
}

const test = base.extend<{ v1Origin: string }>({
  v1Origin: [
    async ({}, use) => {
      const site = await serveV1Client();
      await use(site.origin);
      await site.close();
    },
    { scope: "file" },
  ],
});

async function joinV1(people: People, v1Origin: string, server: string, roomId: string) {
  const { page } = await people.stranger("John");
  await page.goto(`${v1Origin}/?server=${server}&room=${roomId}&name=John`);
  await eventually("the version 1 client is in", async () => {
    return (await page.locator("#state").textContent()) === "joined";
  });
  return page;
}

function v1PeerId(page: Page): Promise<string> {
  return eventually("an id", () =>
    page.evaluate(() => (window as unknown as V1Window).__v1.peerId),
  );
}

function surprises(page: Page): Promise<string[]> {
  return page.evaluate(() => (window as unknown as V1Window).__v1.surprises);
}

for (const first of ["version 1", "version 2"]) {
  test(`version 1 and version 2 see and hear each other, ${first} first`, async ({
    server,
    people,
    v1Origin,
  }) => {
    const { room_id } = await server.createRoom();
    const ada = await people.arrive("Ada");
    let page: Page;
    if (first === "version 1") {
      page = await joinV1(people, v1Origin, server.origin, room_id);
      await ada.join(server.link(room_id));
    } else {
      await ada.join(server.link(room_id));
      page = await joinV1(people, v1Origin, server.origin, room_id);
    }

    const johnId = await v1PeerId(page);
    const adaId = await ada.peerId();
    await ada.seesExactly([johnId]);
    await ada.seesAndHears([johnId]);
    await seesFramesOf(page, [adaId]);
    await hearsEveryone(page, 1);
    await expect.poll(() => ada.tile(johnId).textContent()).toContain("John");

    // Muting on either side disturbs neither pictures nor the connection.
    await page.locator("#mute").click();
    await ada.sets(t("controls.microphone"), false);
    await seesFramesOf(ada.page, [johnId]);
    await seesFramesOf(page, [adaId]);
    await page.locator("#mute").click();
    await ada.sets(t("controls.microphone"), true);
    await ada.seesAndHears([johnId]);
    await hearsEveryone(page, 1);

    // A camera that is off and on again comes back without a new offer.
    await ada.sets(t("controls.camera"), false);
    await ada.sets(t("controls.camera"), true);
    await seesFramesOf(page, [adaId]);
    expect(await surprises(page)).toEqual([]);

    await page.locator("#leave").click();
    await ada.seesExactly([], 5_000);
  });
}

test("two version 1 clients see and hear each other", async ({ server, people, v1Origin }) => {
  const { room_id } = await server.createRoom();
  const first = await joinV1(people, v1Origin, server.origin, room_id);
  const second = await joinV1(people, v1Origin, server.origin, room_id.toLowerCase());
  for (const [page, other] of [[first, second] as const, [second, first] as const]) {
    await seesFramesOf(page, [await v1PeerId(other)]);
    await hearsEveryone(page, 1);
    expect(await surprises(page)).toEqual([]);
  }

  await first.locator("#leave").click();
  await second.locator("#others article").waitFor({ state: "detached" });
});

test("a version 1 client notices that a version 2 one leaves", async ({
  server,
  people,
  v1Origin,
}) => {
  const { room_id } = await server.createRoom();
  const ada = await people.join("Ada", room_id);
  const page = await joinV1(people, v1Origin, server.origin, room_id);
  await seesFramesOf(page, [await ada.peerId()]);

  await ada.leave();
  await page.locator("#others article").waitFor({ state: "detached" });
});

test("a version 1 client that vanishes is gone at once", async ({ server, people, v1Origin }) => {
  const { room_id } = await server.createRoom();
  const ada = await people.join("Ada", room_id);
  const page = await joinV1(people, v1Origin, server.origin, room_id);
  await ada.seesExactly([await v1PeerId(page)]);

  await page.close();
  await ada.seesExactly([], 5_000);
});
