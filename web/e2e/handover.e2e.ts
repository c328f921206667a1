/**
 * What a server of many nodes asks of the page, played by something between the page and a real
 * server: to take its session to another socket, and to try again later.
 */
import type { WebSocketRoute } from "playwright-core";

import { t } from "../src/locales/later";
import { expect, test } from "./harness/fixtures";
import { restartGaps, seesFramesOf, standstill } from "./harness/frames";
import { allSeeEachOther, type Person } from "./harness/person";
import { eventually } from "./harness/waiting";

/** What a person would take for a hiccup. */
const LARGEST_GAP_MS = 1_000;

test("a session moves to another socket before the first is gone, and nobody notices", async ({ server, people }) => {
  const { room_id } = await server.createRoom();
  const ada = await people.arrive("Ada");
  const sockets = await between(ada, (toServer) => toServer);
  await ada.join(server.link(room_id));
  const grace = await people.join("Grace", room_id);
  await allSeeEachOther([ada, grace]);
  const others = [await grace.peerId()];
  await ada.page.evaluate(() => {
    const seen: (string | undefined)[] = [];
    Object.assign(window, { signalingSeen: seen });
    const root = document.querySelector<HTMLElement>("[data-signaling]");
    if (root === null) throw new Error("not in a call");
    new MutationObserver(() => seen.push(root.dataset["signaling"])).observe(root, { attributeFilter: ["data-signaling"] });
  });
  await restartGaps(ada.page);

  sockets.at(-1)?.route.send(JSON.stringify({ type: "reconnect", after_ms: 300 }));
  await eventually("the session has another socket", () => Promise.resolve(sockets[1]?.resumed === true));
  await eventually("the first socket is closed", () => Promise.resolve(sockets[0]?.closed === true));

  await ada.writes("from over there");
  await grace.reads("from over there");
  await grace.writes("to over there");
  await ada.reads("to over there");
  await seesFramesOf(ada.page, others);
  expect((await standstill(ada.page, others)).longestMs).toBeLessThan(LARGEST_GAP_MS);
  expect(await grace.sees()).toEqual([await ada.peerId()]);
  expect(await ada.page.evaluate(() => Reflect.get(window, "signalingSeen"))).toEqual([]);
  expect(sockets).toHaveLength(2);
});

test("chat that the server cannot take just now arrives by itself, once", async ({ server, people }) => {
  const { room_id } = await server.createRoom();
  const ada = await people.arrive("Ada");
  let busy = true;
  await between(ada, (message, route) => {
    if (!busy || message["type"] !== "chat") return message;
    route.send(JSON.stringify({ type: "error", code: "unavailable", message: "", in_reply_to: "chat" }));
    return null;
  });
  await ada.join(server.link(room_id));
  const grace = await people.join("Grace", room_id);
  await allSeeEachOther([ada, grace]);

  await ada.writes("one");
  await ada.writes("two");
  const sending = ada.page.getByText(t("chat.sending"));
  await eventually("both wait", async () => (await sending.count()) === 2);
  busy = false;
  await grace.reads("two");
  await eventually("none waits", async () => (await sending.count()) === 0);
  const texts = await grace.page.getByRole("list", { name: t("chat.messages") }).getByText(/^(one|two)$/).allTextContents();
  expect(texts).toEqual(["one", "two"]);
});

interface Passed {
  readonly route: WebSocketRoute;
  resumed: boolean;
  closed: boolean;
}

type Message = Record<string, unknown>;

/** Stands between `person` and the server; what `pass` answers goes on to the server. */
async function between(
  person: Person,
  pass: (message: Message, route: WebSocketRoute) => Message | null,
): Promise<Passed[]> {
  const sockets: Passed[] = [];
  await person.page.routeWebSocket(/\/ws$/, (route) => {
    const server = route.connectToServer();
    const socket: Passed = { route, resumed: false, closed: false };
    sockets.push(socket);
    route.onMessage((text) => {
      const message = pass(JSON.parse(String(text)) as Message, route);
      if (message !== null) server.send(JSON.stringify(message));
    });
    server.onMessage((text) => {
      socket.resumed ||= (JSON.parse(String(text)) as Message)["type"] === "resumed";
      route.send(text);
    });
    route.onClose((code, reason) => {
      socket.closed = true;
      void server.close({ code: code ?? 1000, reason: reason ?? "" });
    });
    server.onClose((code, reason) => {
      socket.closed = true;
      void route.close({ code: code ?? 1000, reason: reason ?? "" });
    });
  });
  return sockets;
}
