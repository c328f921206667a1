/** Pages that go and come: a reload, a second tab with the same session. */
import { t } from "../src/locales/translate";
import { allSeeAndHearEachOther } from "./harness/person";
import { expect, test } from "./harness/fixtures";

test("a reload brings back the same person, with one tile", async ({ server, people }) => {
  const { room_id } = await server.createRoom();
  const ada = await people.join("Ada", room_id);
  const grace = await people.join("Grace", room_id);
  await allSeeAndHearEachOther([ada, grace]);
  const before = await grace.peerId();

  await grace.page.reload();
  await grace.clickJoin();
  await grace.isInside();

  expect(await grace.peerId()).toBe(before);
  await allSeeAndHearEachOther([ada, grace]);
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
  await second.clickJoin();
  await second.isInside();

  await grace.heading(t("after.taken-elsewhere.title")).waitFor();
  expect(await second.peerId()).toBe(before);
  await allSeeAndHearEachOther([ada, second]);
});
