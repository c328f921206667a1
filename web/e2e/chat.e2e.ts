/** What people say without a microphone: chat, hands, reactions. */
import { t } from "../src/locales/later";
import { expect, test } from "./harness/fixtures";
import { allSeeEachOther } from "./harness/person";

test("people write to each other, and a link is a link", async ({ server, people }) => {
  const { room_id } = await server.createRoom();
  const ada = await people.join("Ada", room_id);
  const grace = await people.join("Grace", room_id);
  await allSeeEachOther([ada, grace]);

  await ada.writes("Look at https://example.org/engine?part=1, <b>it runs</b>");
  await grace.reads("<b>it runs</b>");
  const link = grace.page.getByRole("link", { name: "https://example.org/engine?part=1" });
  expect(await link.getAttribute("href")).toBe("https://example.org/engine?part=1");
  expect(await link.getAttribute("rel")).toContain("noopener");
  expect(await link.getAttribute("target")).toBe("_blank");

  await grace.writes("It does!");
  await ada.reads("It does!");

  // Who comes later has not heard what was said before.
  const alan = await people.join("Alan", room_id);
  await alan.openChat();
  expect(await alan.page.getByText("It does!").count()).toBe(0);
});

test("a message that arrives while the chat is closed is counted", async ({ server, people }) => {
  const { room_id } = await server.createRoom();
  const ada = await people.join("Ada", room_id);
  const grace = await people.join("Grace", room_id);
  await allSeeEachOther([ada, grace]);

  await ada.writes("Are you there?");
  await grace.button(t("controls.chatUnread", { count: 1 })).waitFor();
});

test("hands and reactions are seen by the others", async ({ server, people }) => {
  const { room_id } = await server.createRoom();
  const ada = await people.join("Ada", room_id);
  const grace = await people.join("Grace", room_id);
  await allSeeEachOther([ada, grace]);
  const adaId = await ada.peerId();

  await ada.sets(t("controls.hand"), true);
  await grace.tile(adaId).getByText(t("tile.hand")).waitFor({ state: "attached" });
  await ada.sets(t("controls.hand"), false);
  await grace.tile(adaId).getByText(t("tile.hand")).waitFor({ state: "detached" });

  await ada.button(t("controls.reactions")).click();
  const seen = grace.page
    .getByText(t("reaction.from", { name: "Ada", reaction: t("reaction.celebrate") }))
    .first()
    .waitFor({ state: "attached" });
  await ada.page.getByRole("button", { name: t("reaction.celebrate") }).click();
  await seen;
});
