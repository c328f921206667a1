/** No camera, no permission, no secure address: each says why, and lets one join anyway. */
import type { Browser } from "playwright-core";

import { t } from "../src/locales/translate";
import { launchChromium } from "./harness/chromium";
import type { ChromiumOptions } from "./harness/chromium";
import { expect, test } from "./harness/fixtures";
import { seesFramesOf } from "./harness/frames";
import { allSeeAndHearEachOther } from "./harness/person";

async function withBrowser(
  options: ChromiumOptions,
  use: (browser: Browser) => Promise<void>,
): Promise<void> {
  const browser = await launchChromium(options);
  try {
    await use(browser);
  } finally {
    await browser.close();
  }
}

test("blocked devices are explained, can be done without, and start when allowed", async ({
  server,
  people,
}) => {
  const { room_id } = await server.createRoom();
  const grace = await people.join("Grace", room_id);
  await withBrowser({ devices: "asked" }, async (browser) => {
    const ada = await people.arrive("Ada", { browser });
    // Grants nothing, and with that refuses everything.
    await ada.context.grantPermissions([], { origin: server.origin });
    await ada.page.goto(server.link(room_id));
    const blocked = ada.heading(
      t("media.denied-by-browser.title", { device: t("media.both") }),
    );
    await blocked.waitFor();

    await ada.joinWithoutDevices();
    await seesFramesOf(ada.page, [await grace.peerId()]);
    await grace.tileSays(await ada.peerId(), "data-camera", "off");
    await ada.leave();

    await ada.page.goto(server.link(room_id));
    await blocked.waitFor();
    await ada.context.grantPermissions(["camera", "microphone"], { origin: server.origin });
    await blocked.waitFor({ state: "hidden" });
    await ada.clickJoin();
    await ada.isInside();
    await allSeeAndHearEachOther([ada, grace]);
    await ada.page.close();
  });
});

test("a computer without devices says so and joins", async ({ server, people }) => {
  const { room_id } = await server.createRoom();
  const grace = await people.join("Grace", room_id);
  await withBrowser({ devices: "none" }, async (browser) => {
    const ada = await people.arrive("Ada", { browser });
    await ada.page.goto(server.link(room_id));
    await ada.heading(t("media.not-found.title", { device: t("media.both") })).waitFor();
    await ada.joinWithoutDevices();
    await ada.seesAndHears([await grace.peerId()]);
    await ada.writes("I have no camera");
    await grace.reads("I have no camera");
    await ada.page.close();
  });
});

test("plain HTTP on another address says why there is no camera, and joins", async ({
  server,
  people,
}) => {
  const { room_id } = await server.createRoom();
  const grace = await people.join("Grace", room_id);
  const origin = server.origin.replace("127.0.0.1", "wecall.test");
  const args = ["--host-resolver-rules=MAP wecall.test 127.0.0.1"];
  await withBrowser({ args }, async (browser) => {
    const ada = await people.arrive("Ada", { browser, origin });
    await ada.page.goto(`${origin}/r/${room_id}`);
    await ada.heading(t("media.insecure-context.title", { device: t("media.both") })).waitFor();
    await ada.joinWithoutDevices();
    await ada.seesAndHears([await grace.peerId()]);
    await ada.writes("over plain HTTP");
    await grace.reads("over plain HTTP");
    expect(await ada.page.evaluate(() => isSecureContext)).toBe(false);
    await ada.page.close();
  });
});
