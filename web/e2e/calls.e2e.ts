/** Calls of two, three and four people, all in Chromium: pictures and sound everywhere. */
import { t } from "../src/locales/later";
import { allSeeAndHearEachOther, allSeeEachOther } from "./harness/person";
import { seesFramesOf } from "./harness/frames";
import { expect, test } from "./harness/fixtures";

const NAMES = ["Ada", "Grace", "Alan", "Edsger"];

for (const count of [2, 3, 4]) {
  test(`${count} people see and hear each other`, async ({ server, people }) => {
    const { room_id } = await server.createRoom();
    const inside = [];
    for (const name of NAMES.slice(0, count)) inside.push(await people.join(name, room_id));
    await allSeeAndHearEachOther(inside);

    const [first, second] = inside;
    if (first === undefined || second === undefined) throw new Error("nobody is there");
    const tile = first.tile(await second.peerId());
    await expect.poll(() => tile.textContent()).toContain(second.name);

    await second.leave();
    await allSeeEachOther(inside.filter((person) => person !== second));
  });
}

test("a mute, an unmute and a camera off and on are seen by the other", async ({
  server,
  people,
}) => {
  const { room_id } = await server.createRoom();
  const ada = await people.join("Ada", room_id);
  const grace = await people.join("Grace", room_id);
  await allSeeAndHearEachOther([ada, grace]);
  const adaId = await ada.peerId();

  await ada.sets(t("controls.microphone"), false);
  await grace.tileSays(adaId, "data-microphone", "off");
  await ada.sets(t("controls.microphone"), true);
  await grace.tileSays(adaId, "data-microphone", "on");
  await grace.seesAndHears([adaId]);

  await ada.sets(t("controls.camera"), false);
  await grace.tileSays(adaId, "data-camera", "off");
  await expect.poll(() => grace.tile(adaId).locator("video").isVisible()).toBe(false);
  await ada.sets(t("controls.camera"), true);
  await grace.tileSays(adaId, "data-camera", "on");
  await seesFramesOf(grace.page, [adaId]);
});

test("a screen share starts and stops without a new call", async ({ server, people }) => {
  const { room_id } = await server.createRoom();
  const ada = await people.join("Ada", room_id);
  const grace = await people.join("Grace", room_id);
  await allSeeAndHearEachOther([ada, grace]);
  const adaId = await ada.peerId();
  // Without the trial of the way to the media server, which has one section.
  const connections = () =>
    grace.page.evaluate(() =>
      window.__probe
        .connections()
        .filter((one) => one.getTransceivers().length > 1)
        .map((one) => one.connectionState),
    );
  const before = await connections();

  await ada.sets(t("controls.share"), true);
  await grace.tile(adaId, "screen").waitFor();
  await seesFramesOf(grace.page, [adaId], { kind: "screen" });
  await seesFramesOf(grace.page, [adaId]);

  await ada.sets(t("controls.share"), false);
  await grace.tile(adaId, "screen").waitFor({ state: "detached" });
  await seesFramesOf(grace.page, [adaId]);
  expect(await connections()).toEqual(before);
});
