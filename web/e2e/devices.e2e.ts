/** No camera, no permission, no secure address: each says why, and lets one join anyway. */
import { t } from "../src/locales/later";
import { expect, test } from "./harness/fixtures";
import { hearsEveryone, seesFramesOf } from "./harness/frames";
import { allSeeAndHearEachOther } from "./harness/person";

test("blocked devices are explained, can be done without, and start when allowed", async ({
  server,
  people,
}) => {
  const { room_id } = await server.createRoom();
  const grace = await people.join("Grace", room_id);
  const ada = await people.arrive("Ada", { browser: await people.browser({ devices: "asked" }) });
  // Grants nothing, and with that refuses everything.
  await ada.context.grantPermissions([], { origin: server.origin });
  await ada.page.goto(server.link(room_id));
  const blocked = ada.heading(t("media.denied-by-browser.title", { device: t("media.both") }));
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
});

test("a computer without a camera says so and joins", async ({ server, people }) => {
  const { room_id } = await server.createRoom();
  const grace = await people.join("Grace", room_id);
  const browser = await people.browser({ devices: "no-camera" });
  const ada = await people.arrive("Ada", { browser });
  await ada.page.goto(server.link(room_id));
  await ada.heading(t("media.not-found.title", { device: t("media.camera") })).waitFor();
  await ada.sayName();
  await ada.clickJoin();
  await ada.isInside();
  await ada.seesAndHears([await grace.peerId()]);
  await hearsEveryone(grace.page, 1);
  await ada.writes("I have no camera");
  await grace.reads("I have no camera");
});

test("plain HTTP on another address says why there is no camera, and joins", async ({
  server,
  people,
}) => {
  const { room_id } = await server.createRoom();
  const grace = await people.join("Grace", room_id);
  const origin = server.origin.replace("127.0.0.1", "wecall.test");
  const args = ["--host-resolver-rules=MAP wecall.test 127.0.0.1"];
  const ada = await people.arrive("Ada", { browser: await people.browser({ args }), origin });
  await ada.page.goto(`${origin}/r/${room_id}`);
  await ada.heading(t("media.insecure-context.title", { device: t("media.both") })).waitFor();
  expect(await ada.page.evaluate(() => isSecureContext)).toBe(false);
  await ada.joinWithoutDevices();
  await ada.seesAndHears([await grace.peerId()]);
  await ada.writes("over plain HTTP");
  await grace.reads("over plain HTTP");
});
