/** A Firefox in a room that goes over the media server: what it sends and receives in layers and slots. */
import type { Browser } from "puppeteer-core";

import { launchFirefox } from "./harness/firefox";
import { FirefoxPerson } from "./harness/firefox-person";
import { expect, test as base } from "./harness/fixtures";
import { hearsVoices, seesFramesOf } from "./harness/frames";
import { Server } from "./harness/server";

const test = base.extend<{ server: Server; firefox: Browser }>({
  server: [
    async ({}, use) => {
      const env = {
        WECALL_MEDIA__TOPOLOGY: "always-sfu",
        WECALL_MEDIA__LISTEN: "0.0.0.0:0",
        WECALL_MEDIA__TCP_LISTEN: "0.0.0.0:0",
      };
      const server = await Server.start({ env });
      await use(server);
      await server.dispose();
    },
    { scope: "file" },
  ],
  firefox: [
    async ({}, use) => {
      const firefox = await launchFirefox();
      await use(firefox);
      await firefox.close();
    },
    { scope: "file" },
  ],
});

test("Chromium and Firefox see and hear each other over the media server", async ({ server, people, firefox }) => {
  const { room_id } = await server.createRoom();
  const fox = await FirefoxPerson.arrive(await firefox.newPage(), "Grace");
  const ada = await people.join("Ada", room_id);
  await fox.join(server.link(room_id));
  const alan = await people.join("Alan", room_id);
  const [adaId, foxId, alanId] = [await ada.peerId(), await fox.peerId(), await alan.peerId()];

  await seesFramesOf(fox.page, [adaId, alanId]);
  await hearsVoices(fox.page, 2);
  await seesFramesOf(ada.page, [foxId, alanId]);
  await hearsVoices(ada.page, 2);
  expect(await fox.page.evaluate(() => window.__probe.connectionStates())).toEqual(["connected"]);
  expect(await fox.complaints()).toEqual([]);
  await fox.page.close();
  await ada.seesExactly([alanId], 5_000);
});
