/** Pages that go and come: a reload, a second tab with the same session. */
import { t } from "../src/locales/later";
import { seesFramesOf } from "./harness/frames";
import { allSeeAndHearEachOther, allSeeEachOther } from "./harness/person";
import { expect, test } from "./harness/fixtures";

test("a reload brings back the same person, with one tile", async ({ server, people }) => {
  const { room_id } = await server.createRoom();
  const ada = await people.join("Ada", room_id);
  const grace = await people.join("Grace", room_id);
  await allSeeAndHearEachOther([ada, grace]);
  const before = await grace.peerId();

  await grace.sets(t("controls.microphone"), false);
  await grace.page.reload();
  // Straight back in, as it was: nobody asks for the name again.
  await grace.isInside();

  expect(await grace.peerId()).toBe(before);
  await allSeeEachOther([ada, grace]);
  await ada.tileSays(before, "data-microphone", "off");
  await seesFramesOf(ada.page, [before]);
  await grace.seesAndHears([await ada.peerId()]);
});

test("a duplicated tab takes the call over, and the first one says so", async ({
  server,
  people,
}) => {
  const { room_id } = await server.createRoom();
  const ada = await people.join("Ada", room_id);
  const grace = await people.join("Grace", room_id);
  await allSeeAndHearEachOther([ada, grace]);
  const before = await grace.peerId();

  const second = await people.duplicate(grace);
  await second.page.goto(server.link(room_id));
  await second.isInside();

  await grace.heading(t("after.taken-elsewhere.title")).waitFor();
  expect(await second.peerId()).toBe(before);
  await allSeeAndHearEachOther([ada, second]);
});

test("the same link in a second tab offers to move the call there", async ({ server, people }) => {
  const { room_id } = await server.createRoom();
  const ada = await people.join("Ada", room_id);
  const grace = await people.join("Grace", room_id);
  await allSeeAndHearEachOther([ada, grace]);

  const second = await people.secondTab(grace);
  await second.page.goto(server.link(room_id));
  await second.page.getByText(t("after.taken-elsewhere.title")).waitFor();
  await second.button(t("after.taken-elsewhere.action")).click();
  await grace.heading(t("after.taken-elsewhere.title")).waitFor();
  await second.isInside();
  await allSeeAndHearEachOther([ada, second]);

  await grace.button(t("after.taken-elsewhere.action")).click();
  await second.heading(t("after.taken-elsewhere.title")).waitFor();
  await grace.isInside();
  await allSeeAndHearEachOther([ada, grace]);
});
