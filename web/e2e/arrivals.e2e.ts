/** Ways into a call, and what stands in the way: clear words and a way on, never a blank page. */
import { t } from "../src/locales/later";
import { expect, test } from "./harness/fixtures";
import { allSeeAndHearEachOther } from "./harness/person";

test("one click makes a call, and its link brings somebody else in", async ({
  server,
  people,
}) => {
  const ada = await people.arrive("Ada");
  await ada.page.goto(server.origin);
  await ada.button(t("home.start")).click();
  await ada.sayName();
  await ada.clickJoin();
  await ada.isInside();

  const link = ada.page.url();
  expect(link, "the link that one copies from the address bar makes nobody a host").not.toContain(
    "host=",
  );
  const grace = await people.arrive("Grace");
  await grace.join(link);
  await allSeeAndHearEachOther([ada, grace]);
  await ada.openPeople();
  await ada.button(t("people.actions", { name: "Grace" })).waitFor();
});

test("a call is created with a name, and joined by code or by pasted link", async ({
  server,
  people,
}) => {
  const ada = await people.arrive("Ada");
  await ada.page.goto(`${server.origin}/new`);
  await ada.page.getByLabel(t("create.name")).fill("Analytical engines");
  await ada.button(t("create.submit")).click();
  await ada.sayName();
  await ada.clickJoin();
  await ada.isInside();
  const code = new URL(ada.page.url()).pathname.split("/").at(-1) ?? "";
  await ada.page.getByText("Analytical engines").first().waitFor();

  for (const typed of [code.toLowerCase(), server.link(code)]) {
    const guest = await people.arrive("Grace");
    await guest.page.goto(`${server.origin}/join`);
    await guest.page.getByLabel(t("join.code")).fill(typed);
    await guest.button(t("join.submit")).click();
    await guest.sayName();
    await guest.clickJoin();
    await guest.isInside();
  }
});

test("a name that was said once is remembered", async ({ server, people }) => {
  const { room_id } = await server.createRoom();
  const ada = await people.join("Ada", room_id);
  await ada.leave();
  await ada.page.goto(server.link((await server.createRoom()).room_id));
  await expect.poll(() => ada.page.getByLabel(t("prejoin.name")).inputValue()).toBe("Ada");
});

test("a full call says so, and lets in when somebody has left", async ({ server, people }) => {
  const { room_id } = await server.createRoom({ max_participants: 2 });
  const ada = await people.join("Ada", room_id);
  await people.join("Grace", room_id);
  const alan = await people.arrive("Alan");
  await alan.page.goto(server.link(room_id));
  await alan.heading(t("explain.full.title")).waitFor();

  await ada.leave();
  await alan.button(t("action.retry")).click();
  await alan.sayName();
  await alan.clickJoin();
  await alan.isInside();
});

test("a call that fills up during the preview refuses politely", async ({ server, people }) => {
  const { room_id } = await server.createRoom({ max_participants: 2 });
  await people.join("Ada", room_id);
  const alan = await people.arrive("Alan");
  await alan.page.goto(server.link(room_id));
  await alan.sayName();
  await people.join("Grace", room_id);
  await alan.clickJoin();
  await alan.heading(t("explain.full.title")).waitFor();
});

test("a call that does not exist says so and offers a new one", async ({ server, people }) => {
  const ada = await people.arrive("Ada");
  await ada.page.goto(server.link("ZZZZ9999"));
  await ada.heading(t("explain.gone.title")).waitFor();
  await ada.page.getByRole("link", { name: t("action.newCall") }).click();
  await ada.heading(t("create.title")).waitFor();
});

test("a link that lost a letter says so", async ({ server, people }) => {
  const ada = await people.arrive("Ada");
  await ada.page.goto(server.link("ABC123"));
  await ada.heading(t("explain.wrong.title")).waitFor();
});

test("an address that leads nowhere has a way home", async ({ server, people }) => {
  const ada = await people.arrive("Ada");
  await ada.page.goto(`${server.origin}/nowhere/at/all`);
  await ada.heading(t("notFound.title")).waitFor();
  await ada.page.getByRole("link", { name: t("action.home") }).click();
  await ada.heading(t("home.title")).waitFor();
});

test("a server that is away when the page looks for the call is waited for", async ({
  server,
  people,
}) => {
  const { room_id } = await server.createRoom();
  const ada = await people.arrive("Ada");
  const calls = `${server.origin}/api/**`;
  await ada.page.route(calls, (route) => route.abort("connectionrefused"));
  await ada.page.goto(server.link(room_id));
  await ada.heading(t("explain.unreachable.title")).waitFor();

  await ada.page.unroute(calls);
  await ada.page.getByLabel(t("prejoin.name")).waitFor({ timeout: 30_000 });
});

test("a server that goes during the preview is joined as soon as it is back", async ({
  server,
  people,
}) => {
  const { room_id } = await server.createRoom();
  const ada = await people.arrive("Ada");
  await ada.page.goto(server.link(room_id));
  await ada.sayName();

  await server.stop();
  await ada.clickJoin();
  await ada.page.getByText(t("prejoin.waiting")).waitFor();
  await server.start();
  await ada.isInside(30_000);
});
