/** What a host can do, and that the others feel it. */
import { t } from "../src/locales/later";
import { expect, test } from "./harness/fixtures";
import type { People } from "./harness/fixtures";
import { seesFramesOf } from "./harness/frames";
import { allSeeEachOther } from "./harness/person";
import type { Server } from "./harness/server";

async function hostAndGuest(server: Server, people: People) {
  const room = await server.createRoom({ room_name: "Team meeting" });
  const host = await people.host("Ada", room);
  const guest = await people.join("Grace", room.room_id);
  await allSeeEachOther([host, guest]);
  return { room, host, guest, link: server.link(room.room_id) };
}

test("a host lowers a microphone, and only its owner raises it again", async ({
  server,
  people,
}) => {
  const { host, guest } = await hostAndGuest(server, people);
  const guestId = await guest.peerId();
  await host.tileSays(guestId, "data-microphone", "on");

  await host.actsOn("Grace", t("people.lower"));
  await host.tileSays(guestId, "data-microphone", "off");
  await guest.isTold(t("notice.microphone-lowered", { by: "Ada" }));

  await guest.sets(t("controls.microphone"), true);
  await host.tileSays(guestId, "data-microphone", "on");
  await host.seesAndHears([guestId]);
});

test("a host removes somebody, who cannot come back with the same session", async ({
  server,
  people,
}) => {
  const { host, guest } = await hostAndGuest(server, people);

  await host.actsOn("Grace", t("people.remove"));
  await host.dialog(t("people.removeTitle", { name: "Grace" })).waitFor();
  await host.button(t("people.removeConfirm")).click();
  await guest.heading(t("after.removed.title")).waitFor();
  await host.seesExactly([]);

  await guest.page.reload();
  await guest.clickJoin();
  await guest.heading(t("explain.removed.title")).waitFor();
  expect(await host.sees()).toEqual([]);
});

test("a locked call lets nobody in until it is unlocked", async ({ server, people }) => {
  const { host, guest, link } = await hostAndGuest(server, people);
  const early = await people.arrive("Edsger");
  await early.page.goto(link);
  await early.sayName();
  await host.openPeople();
  const lock = host.page.getByRole("switch", { name: t("people.lock") });

  await lock.click();
  await guest.isTold(t("notice.locked", { by: "Ada" }));
  const late = await people.arrive("Alan");
  await late.page.goto(link);
  await late.heading(t("explain.locked.title")).waitFor();
  await early.clickJoin();
  await early.heading(t("explain.locked.title")).waitFor();

  await lock.click();
  await guest.isTold(t("notice.unlocked", { by: "Ada" }));
  await late.button(t("action.retry")).click();
  await late.sayName();
  await late.clickJoin();
  await late.isInside();
  await seesFramesOf(late.page, [await host.peerId()]);
});

test("a host hands the role on", async ({ server, people }) => {
  const { host, guest } = await hostAndGuest(server, people);

  await host.actsOn("Grace", t("people.makeHost"));
  await host.button(t("people.makeHostConfirm")).click();
  await guest.isTold(t("notice.now-host"));
  await guest.openPeople();
  await guest.button(t("people.actions", { name: "Ada" })).waitFor();
  await expect.poll(() => host.button(t("people.actions", { name: "Grace" })).isVisible()).toBe(false);
});

test("a host ends the call for all, and the link stops working", async ({ server, people }) => {
  const { host, guest, link } = await hostAndGuest(server, people);

  await host.openPeople();
  await host.button(t("people.end")).click();
  await host.button(t("people.endConfirm")).click();
  await guest.heading(t("after.ended-by-host.title")).waitFor();
  await host.heading(t("after.ended-by-host.title")).waitFor();

  const late = await people.arrive("Alan");
  await late.page.goto(link);
  await late.heading(t("explain.gone.title")).waitFor();
});
