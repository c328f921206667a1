/**
 * Each page and state, in both themes and at three sizes: a picture for a person to look at, and
 * axe without a complaint.
 */
import { t } from "../src/locales/later";
import { test } from "./harness/fixtures";
import { seesFramesOf } from "./harness/frames";
import { allSeeEachOther } from "./harness/person";
import { portray, portrayCall } from "./harness/screenshots";

test("pages outside of a call", async ({ server, people }) => {
  const { page } = await people.arrive("Ada");
  await page.goto(server.origin);
  await page.getByRole("heading", { name: t("home.title") }).waitFor();
  await portray(page, "home");

  await page.goto(`${server.origin}/new`);
  await page.getByLabel(t("create.name")).waitFor();
  await portray(page, "create");

  await page.goto(`${server.origin}/join`);
  await page.getByLabel(t("join.code")).fill("ABC");
  await page.getByRole("button", { name: t("join.submit"), exact: true }).click();
  await page.getByText(t("join.error.shape")).waitFor();
  await portray(page, "join with a wrong code");

  await page.goto(`${server.origin}/nowhere`);
  await page.getByRole("heading", { name: t("notFound.title") }).waitFor();
  await portray(page, "not found");

  await page.goto(`${server.origin}/docs`);
  await page.getByText("/api/rooms", { exact: true }).first().waitFor();
  await portray(page, "api viewer");
});

test("what stands in the way of a call", async ({ server, people }) => {
  const ada = await people.arrive("Ada");
  const { page } = ada;
  await page.goto(server.link("ZZZZ9999"));
  await ada.heading(t("explain.gone.title")).waitFor();
  await portray(page, "room gone");

  await page.goto(server.link("ABC123"));
  await ada.heading(t("explain.wrong.title")).waitFor();
  await portray(page, "wrong link");

  const full = await server.createRoom({ max_participants: 2 });
  await people.join("Grace", full.room_id);
  await people.join("Alan", full.room_id);
  await page.goto(server.link(full.room_id));
  await ada.heading(t("explain.full.title")).waitFor();
  await portray(page, "room full");

  const locked = await server.createRoom();
  const host = await people.host("Edsger", locked);
  await host.openPeople();
  await host.page.getByRole("switch", { name: t("people.lock") }).click();
  await host.page.getByText(t("info.locked")).waitFor({ state: "attached" });
  await page.goto(server.link(locked.room_id));
  await ada.heading(t("explain.locked.title")).waitFor();
  await portray(page, "room locked");

  const old = await people.arrive("Niklaus");
  await old.page.addInitScript(() => Reflect.deleteProperty(window, "RTCPeerConnection"));
  await old.page.goto(server.link(full.room_id));
  await old.heading(t("explain.unsupported.title")).waitFor();
  await portray(old.page, "unsupported browser");

  const calls = `${server.origin}/api/**`;
  await page.route(calls, (route) => route.abort("connectionrefused"));
  await page.goto(server.link(full.room_id));
  await ada.heading(t("explain.unreachable.title")).waitFor();
  await portray(page, "server away");
});

test("before the call", async ({ server, people }) => {
  const room = await server.createRoom({ room_name: "Team meeting" });
  const ada = await people.arrive("Ada");
  await ada.page.goto(server.link(room.room_id));
  await ada.sayName();
  await ada.page.locator("video").first().waitFor();
  await portray(ada.page, "preview");

  const blocked = await people.arrive("Ada", {
    browser: await people.browser({ devices: "asked" }),
  });
  await blocked.context.grantPermissions([], { origin: server.origin });
  await blocked.page.goto(server.link(room.room_id));
  const title = t("media.denied-by-browser.title", { device: t("media.both") });
  await blocked.heading(title).waitFor();
  await portray(blocked.page, "preview with blocked devices");
});

test("in the call", async ({ server, people }) => {
  const room = await server.createRoom({ room_name: "Team meeting" });
  const ada = await people.host("Ada", room);
  const { page } = ada;
  await page.getByText(t("invite.title")).waitFor();
  await portrayCall(page, "alone in the call");

  const grace = await people.join("Grace", room.room_id);
  await allSeeEachOther([ada, grace]);
  await seesFramesOf(page, [await grace.peerId()]);
  await portrayCall(page, "call of two");

  const alan = await people.join("Alan", room.room_id);
  await allSeeEachOther([ada, grace, alan]);
  await seesFramesOf(page, [await grace.peerId(), await alan.peerId()]);
  await alan.sets(t("controls.camera"), false);
  await alan.sets(t("controls.microphone"), false);
  await ada.tileSays(await alan.peerId(), "data-camera", "off");
  await grace.sets(t("controls.hand"), true);
  await portrayCall(page, "call of three with a camera off and a raised hand");

  await grace.writes("Shall we begin?");
  await ada.writes("Yes. The plan: https://example.org/plan");
  await ada.reads("Shall we begin?");
  await portrayCall(page, "chat");

  await ada.openPeople();
  await portrayCall(page, "list of people");
});

test("dialogs in the call", async ({ server, people }) => {
  const room = await server.createRoom({ room_name: "Team meeting" });
  const ada = await people.host("Ada", room);
  const grace = await people.join("Grace", room.room_id);
  await allSeeEachOther([ada, grace]);
  const { page } = ada;

  const remove = ada.dialog(t("people.removeTitle", { name: "Grace" }));
  await ada.actsOn("Grace", t("people.remove"));
  await remove.waitFor();
  await page.keyboard.press("Escape");
  await remove.waitFor({ state: "hidden" });
  // Escape has closed the question, and not the list under it.
  await ada.actsOn("Grace", t("people.remove"));
  await remove.waitFor();
  await portrayCall(page, "remove somebody");

  await page.reload();
  await ada.isInside();
  await ada.openPeople();
  await ada.button(t("people.end")).click();
  await ada.dialog(t("people.endTitle")).waitFor();
  await portrayCall(page, "end the call for all");

  await page.reload();
  await ada.isInside();

  const dialogs = [
    [t("controls.info"), t("info.title")],
    [t("controls.stats"), t("stats.title")],
    [t("controls.shortcuts"), t("shortcuts.title")],
    [t("devices.open"), t("devices.title")],
  ] as const;
  for (const [button, title] of dialogs) {
    await ada.button(button).click();
    await ada.dialog(title).waitFor();
    await portrayCall(page, title);
    await page.keyboard.press("Escape");
  }
});

test("a shared screen", async ({ server, people }) => {
  const room = await server.createRoom({ room_name: "Team meeting" });
  const ada = await people.join("Ada", room.room_id);
  const grace = await people.join("Grace", room.room_id);
  await allSeeEachOther([ada, grace]);
  await ada.sets(t("controls.share"), true);
  await grace.tile(await ada.peerId(), "screen").waitFor();
  await seesFramesOf(grace.page, [await ada.peerId()], { kind: "screen" });
  await portrayCall(grace.page, "a shared screen, seen");
  await portrayCall(ada.page, "a shared screen, shared");
});

test("the server away in the call", async ({ server, people }) => {
  const room = await server.createRoom();
  const ada = await people.join("Ada", room.room_id);
  const grace = await people.join("Grace", room.room_id);
  await allSeeEachOther([ada, grace]);
  await server.kill();
  await ada.page.getByText(t("banner.reconnecting")).waitFor();
  await portrayCall(ada.page, "server away in the call");
  await server.start();
  await ada.page.getByText(t("banner.reconnecting")).waitFor({ state: "hidden" });
});

test("after the call", async ({ server, people }) => {
  const room = await server.createRoom();
  const ada = await people.host("Ada", room);
  const grace = await people.join("Grace", room.room_id);
  const alan = await people.join("Alan", room.room_id);
  await allSeeEachOther([ada, grace, alan]);

  await ada.actsOn("Alan", t("people.remove"));
  await ada.button(t("people.removeConfirm")).click();
  await alan.heading(t("after.removed.title")).waitFor();
  await portray(alan.page, "removed");

  await ada.button(t("people.end")).click();
  await ada.button(t("people.endConfirm")).click();
  await grace.heading(t("after.ended-by-host.title")).waitFor();
  await portray(grace.page, "ended by the host");

  const other = await server.createRoom();
  await alan.join(server.link(other.room_id));
  await alan.leave();
  await portray(alan.page, "left");
});
