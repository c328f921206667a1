/** How pictures stand in a room on the server, and that what nobody looks at is not fetched. */
import type { Page } from "playwright-core";

import { t } from "../src/locales/later";
import { test as base, expect } from "./harness/fixtures";
import { seesFramesOf } from "./harness/frames";
import { allSeeEachOther } from "./harness/person";
import { portrayCall, SIZES } from "./harness/screenshots";
import { Server } from "./harness/server";
import { eventually } from "./harness/waiting";

interface View {
  readonly pinned?: string;
  readonly shown: readonly { readonly peer_id: string; readonly height: number }[];
}

/** Three browsers are enough for a room that goes over the media server. */
const test = base.extend<{ server: Server }>({
  server: [
    async ({}, use) => {
      const server = await Server.start({
        env: {
          WECALL_MEDIA__MESH_PARTICIPANTS: "2",
          WECALL_MEDIA__LISTEN: "0.0.0.0:0",
          WECALL_MEDIA__TCP_LISTEN: "0.0.0.0:0",
        },
      });
      await use(server);
      await server.dispose();
    },
    { scope: "file" },
  ],
});

/** The last that the page has asked the media server for, from now on. */
function viewsOf(page: Page): () => View | null {
  let last: View | null = null;
  page.on("websocket", (socket) => {
    socket.on("framesent", ({ payload }) => {
      const message: unknown = JSON.parse(String(payload));
      if (isView(message)) last = message;
    });
  });
  return () => last;
}

function isView(message: unknown): message is View {
  return typeof message === "object" && message !== null && "type" in message && message.type === "view";
}

test("pictures are fetched as they are looked at", { timeout: 150_000 }, async ({ server, people }) => {
  const { room_id } = await server.createRoom();
  const ada = await people.arrive("Ada");
  const view = viewsOf(ada.page);
  await ada.join(server.link(room_id));
  const grace = await people.join("Grace", room_id);
  const alan = await people.join("Alan", room_id);
  await allSeeEachOther([ada, grace, alan]);
  const [graceId, alanId] = [await grace.peerId(), await alan.peerId()];
  await seesFramesOf(ada.page, [graceId, alanId]);
  const asksFor = (what: string, holds: (asked: View) => boolean) =>
    eventually(
      `Ada asks for ${what}`,
      async () => {
        const asked = view();
        return asked !== null && holds(asked);
      },
      { describe: async () => view() },
    );
  const heightOf = (asked: View, peerId: string) =>
    asked.shown.find((shown) => shown.peer_id === peerId)?.height ?? 0;
  await asksFor("both alike", (asked) => heightOf(asked, graceId) > 0 && heightOf(asked, graceId) === heightOf(asked, alanId));

  await ada.page.keyboard.press("l");
  await ada.page.locator('[data-place="main"]').waitFor();
  await asksFor("one large", (asked) => Math.abs(heightOf(asked, graceId) - heightOf(asked, alanId)) > 200);
  await portrayCall(ada.page, "speaker view");
  await ada.page.keyboard.press("l");

  await ada.actsOn("Alan", t("people.pin"));
  await expect.poll(() => ada.tile(alanId).getAttribute("data-place")).toBe("main");
  await asksFor("Alan above all", (asked) => asked.pinned === alanId && heightOf(asked, alanId) > heightOf(asked, graceId));
  await seesFramesOf(ada.page, [graceId, alanId]);
  await ada.actsOn("Alan", t("people.unpin"));
  await ada.page.keyboard.press("p");

  await ada.button(t("view.title")).click();
  await ada.page.getByText(t("view.quality.audio-only"), { exact: true }).click();
  await ada.page.keyboard.press("Escape");
  await asksFor("nothing", ({ shown }) => shown.length === 0);
  expect(await ada.page.locator("article[data-tile]:not([data-self]) video").count()).toBe(0);
  await portrayCall(ada.page, "audio only");
  await ada.button(t("banner.audioOnlyAction")).click();
  await seesFramesOf(ada.page, [graceId, alanId]);

  await ada.page.setViewportSize(SIZES.phone);
  await ada.openChat();
  await asksFor("nothing behind the chat", ({ shown }) => shown.length === 0);
  await ada.page.keyboard.press("Escape");
  await seesFramesOf(ada.page, [graceId, alanId]);
});
