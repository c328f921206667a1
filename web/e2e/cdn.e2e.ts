/** Assets from another origin, and updates while people have the app open. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Page } from "playwright-core";
import type { JSHandle } from "puppeteer-core";

import { t } from "../src/locales/later";
import { startWorker } from "../src/services/workers";
import { launchFirefox } from "./harness/firefox";
import { FirefoxPerson } from "./harness/firefox-person";
import { expect, test as base } from "./harness/fixtures";
import type { People } from "./harness/fixtures";
import { Front } from "./harness/front";
import { Nginx } from "./harness/nginx";
import { allSeeAndHearEachOther } from "./harness/person";
import type { Person } from "./harness/person";
import { freePort } from "./harness/ports";
import { binary, Server } from "./harness/server";
import { eventually } from "./harness/waiting";

/** Fetched some seconds after joining; the last of them stands for all. */
const LOADED_AHEAD = ["ChatPanel", "ParticipantsPanel", "StatsPanel", "MoreSheet", "AfterCall"];

const WORKER = "echo-a1b2c3d4.js";

interface Cdn {
  readonly server: Server;
  /** Between the world, the edge too, and the server. */
  readonly front: Front;
  readonly edge: Nginx;
}

const test = base.extend<{ cdn: Cdn; front: Front; exported: string }>({
  // Nothing of another version is kept anywhere: one server, and what stands before it.
  front: async ({ server }, use) => {
    const front = await Front.start(server.origin);
    await use(front);
    await front.dispose();
  },
  exported: [
    async ({}, use) => {
      const folder = mkdtempSync(join(tmpdir(), "wecall-e2e-export-"));
      execFileSync(binary(), ["assets", "export", folder]);
      await use(folder);
      rmSync(folder, { recursive: true, force: true });
    },
    { scope: "file" },
  ],
  cdn: async ({}, use) => {
    const extra = mkdtempSync(join(tmpdir(), "wecall-e2e-extra-"));
    mkdirSync(join(extra, "assets"));
    writeFileSync(join(extra, "assets", WORKER), 'postMessage(import.meta.url + " " + origin);');
    const port = await freePort();
    const server = await Server.start({
      env: {
        WECALL_ASSETS__BASE_URL: `http://127.0.0.1:${port}/`,
        WECALL_ASSETS__EXTRA_DIR: extra,
      },
    });
    const front = await Front.start(server.origin);
    const edge = await Nginx.start(
      "nginx-cdn.conf",
      { "server 127.0.0.1:8000;": `server ${new URL(front.origin).host};` },
      port,
    );
    await use({ server, front, edge });
    await edge.dispose();
    await front.dispose();
    await server.dispose();
    rmSync(extra, { recursive: true, force: true });
  },
});

function arrive(people: People, name: string, { front, edge }: Pick<Cdn, "front" | "edge">) {
  return people.arrive(name, { origin: front.origin, assets: edge.origin });
}

/** What the page has loaded from under `/assets/`, by full address. */
function loadedAssets(page: Page): Promise<PerformanceResourceTiming[]> {
  return page.evaluate(() =>
    performance
      .getEntriesByType("resource")
      .filter((entry) => entry.name.includes("/assets/"))
      .map((entry) => entry.toJSON() as PerformanceResourceTiming),
  );
}

async function hasLoadedAhead(person: Person): Promise<void> {
  await eventually(`${person.name} has all of the call`, async () => {
    const loaded = await loadedAssets(person.page);
    return LOADED_AHEAD.every((name) => loaded.some((entry) => entry.name.includes(`/${name}-`)));
  });
}

/** Gone once the page has been loaded anew. */
async function mark(page: Page): Promise<void> {
  await page.evaluate(() => void Object.assign(window, { __marked: true }));
}

function isMarked(page: Page): Promise<boolean> {
  return page.evaluate(() => "__marked" in window);
}

test("a call has everything from the edge, which asks the server once", async ({ cdn, people }) => {
  const { server, front, edge } = cdn;
  const { room_id } = await server.createRoom();
  const ada = await arrive(people, "Ada", cdn);
  await ada.join(front.link(room_id));
  await hasLoadedAhead(ada);

  const all = await loadedAssets(ada.page);
  expect(all.map((entry) => entry.name).filter((url) => !url.startsWith(edge.origin))).toEqual([]);
  // `Timing-Allow-Origin` has come through: without it these are zero.
  expect(all.filter((entry) => entry.responseStart === 0 || entry.decodedBodySize === 0)).toEqual([]);
  const asked = front.assetRequests();
  expect(asked.length).toBeGreaterThan(LOADED_AHEAD.length);
  expect(asked.toSorted()).toEqual([...new Set(asked)].toSorted());

  // A browser that has nothing.
  const grace = await arrive(people, "Grace", cdn);
  await grace.join(front.link(room_id));
  await hasLoadedAhead(grace);
  expect(front.assetRequests()).toEqual(asked);
  await allSeeAndHearEachOther([ada, grace]);
  await grace.writes("from the edge");
  await ada.reads("from the edge");
  await ada.page.reload();
  await ada.isInside();
  expect(front.assetRequests()).toEqual(asked);
  for (const { page } of [ada, grace]) {
    expect(await page.evaluate(() => window.__probe.policyViolations)).toEqual([]);
  }
});

test("the API viewer too has its scripts from the edge", async ({ cdn, people }) => {
  const { page } = await arrive(people, "Ada", cdn);
  await page.goto(`${cdn.front.origin}/docs`);
  await page.getByText("/api/rooms", { exact: true }).first().waitFor();
  const loaded = await loadedAssets(page);
  expect(loaded.length).toBeGreaterThan(1);
  expect(loaded.every((entry) => entry.name.startsWith(cdn.edge.origin))).toBe(true);
});

/** The text of `startWorker`, which the page's policy lets only the browser's tools make code of. */
const START_WORKER = `(${startWorker.toString()})`;

/** What the worker says for itself, once it runs. */
function runWorker(start: typeof startWorker, script: string): Promise<string> {
  return new Promise<string>((resolve) => {
    const worker = start(script, { name: "echo" });
    worker.addEventListener("message", (event) => resolve(String(event.data)));
    worker.addEventListener("error", (event) => resolve(`failed: ${event.message}`));
  });
}

test("workers start, wherever their script is", async ({ cdn, people }) => {
  const { front, edge } = cdn;
  const { page } = await arrive(people, "Ada", cdn);
  await page.goto(front.origin);
  const start = await page.evaluateHandle<typeof startWorker>(START_WORKER);
  for (const origin of [edge.origin, front.origin]) {
    const script = `${origin}/assets/${WORKER}`;
    expect(await start.evaluate(runWorker, script)).toBe(`${script} ${front.origin}`);
  }
  expect(await page.evaluate(() => window.__probe.policyViolations)).toEqual([]);
});

test("Firefox has everything from the edge too", async ({ cdn, people }) => {
  const { server, front, edge } = cdn;
  const firefox = await launchFirefox();
  try {
    const { room_id } = await server.createRoom();
    const fox = await FirefoxPerson.arrive(await firefox.newPage(), "Grace");
    await fox.join(front.link(room_id));
    const ada = await arrive(people, "Ada", cdn);
    await ada.join(front.link(room_id));
    await ada.seesAndHears([await fox.peerId()]);

    const loaded = await fox.page.evaluate(() =>
      performance.getEntriesByType("resource").map((entry) => entry.name),
    );
    const assets = loaded.filter((url) => url.includes("/assets/"));
    expect(assets.length).toBeGreaterThan(2);
    expect(assets.filter((url) => !url.startsWith(edge.origin))).toEqual([]);
    const start = await fox.page.evaluateHandle(START_WORKER);
    const script = `${edge.origin}/assets/${WORKER}`;
    const said = await fox.page.evaluate(runWorker, start as JSHandle<typeof startWorker>, script);
    expect(said).toBe(`${script} ${front.origin}`);
    expect(await fox.complaints()).toEqual([]);
  } finally {
    await firefox.close();
  }
});

test("the edge goes on giving an old page what the servers no longer have", async ({
  cdn,
  people,
}) => {
  const { front } = cdn;
  const early = await arrive(people, "Grace", cdn);
  await early.page.goto(`${front.origin}/new`);
  await early.page.getByLabel(t("create.name")).waitFor();

  const { page } = await arrive(people, "Ada", cdn);
  await page.goto(front.origin);
  await mark(page);
  front.missing = () => true;
  await page.getByRole("link", { name: t("home.options") }).click();
  await page.getByLabel(t("create.name")).waitFor();
  expect(await isMarked(page)).toBe(true);
});

test("an edge keeps no answer that something is missing", async ({ cdn }) => {
  const { front, edge, server } = cdn;
  const page = await (await fetch(server.origin)).text();
  const script = /\/assets\/app-[^"]+\.js/.exec(page)?.[0] ?? "";
  front.missing = () => true;
  const missing = await fetch(`${edge.origin}${script}`);
  expect([missing.status, missing.headers.get("cache-control")]).toEqual([404, "no-store"]);
  front.missing = () => false;
  const found = await fetch(`${edge.origin}${script}`);
  expect([found.status, found.headers.get("x-cache-status")]).toEqual([200, "MISS"]);
  const again = await fetch(`${edge.origin}${script}`);
  expect([again.status, again.headers.get("x-cache-status")]).toEqual([200, "HIT"]);
});

test("the edge asks the next server for what one of another version does not have", async ({
  server,
}) => {
  const fronts = [await Front.start(server.origin), await Front.start(server.origin)];
  const [other, own] = fronts.map((front) => `server ${new URL(front.origin).host};`);
  const edge = await Nginx.start("nginx-cdn.conf", { "server 127.0.0.1:8000;": `${other} ${own}` });
  try {
    const [first, second] = fronts;
    if (first !== undefined) first.missing = () => true;
    const page = await (await fetch(server.origin)).text();
    const assets = page.match(/(?<=")\/assets\/[^"]+\.js(?=")/g) ?? [];
    expect(assets.length).toBeGreaterThan(2);
    for (const asset of assets) expect((await fetch(`${edge.origin}${asset}`)).status).toBe(200);
    expect(first?.assetRequests().length).toBeGreaterThan(0);
    expect(second?.assetRequests().length).toBe(assets.length);
  } finally {
    await edge.dispose();
    for (const front of fronts) await front.dispose();
  }
});

test("exported files on a server of their own are enough, during an update too", async ({
  exported,
  people,
}) => {
  const files = await Nginx.start("nginx-assets.conf", { "/srv/wecall-assets": exported });
  const server = await Server.start({ env: { WECALL_ASSETS__BASE_URL: files.origin } });
  const front = await Front.start(server.origin);
  try {
    const { room_id } = await server.createRoom();
    // No node has anything of this version.
    front.missing = () => true;
    const at = { front, edge: files };
    const ada = await arrive(people, "Ada", at);
    const grace = await arrive(people, "Grace", at);
    await ada.join(front.link(room_id));
    await grace.join(front.link(room_id));
    await allSeeAndHearEachOther([ada, grace]);
    await grace.writes("from a folder");
    await ada.reads("from a folder");
    expect(front.assetRequests()).toEqual([]);

    const assets = join(exported, "assets");
    const script = readdirSync(assets).find((name) => /^app-.*\.js$/.test(name)) ?? "";
    const got = await fetch(`${files.origin}/assets/${script}`, {
      headers: { "accept-encoding": "gzip" },
    });
    expect(got.headers.get("cache-control")).toContain("immutable");
    // Not every build is precompressed.
    const encoding = existsSync(join(assets, `${script}.gz`)) ? "gzip" : null;
    expect(got.headers.get("content-encoding")).toBe(encoding);
    expect((await fetch(`${files.origin}/assets/none-a1b2c3d4.js`)).headers.get("cache-control")).toBe(
      null,
    );
  } finally {
    await front.dispose();
    await server.dispose();
    await files.dispose();
  }
});

test("without an edge, the next server that is asked helps out", async ({ front, people }) => {
  const { page } = await people.arrive("Ada", { origin: front.origin });
  await page.goto(front.origin);
  await mark(page);
  let refused = 0;
  front.missing = (path) => {
    const other = path.includes("/CreateRoom-") && refused < 2;
    if (other) refused += 1;
    return other;
  };
  await page.getByRole("link", { name: t("home.options") }).click();
  await page.getByLabel(t("create.name")).waitFor();
  expect(refused).toBe(2);
  expect(await isMarked(page)).toBe(true);
});

test("a page whose scripts are gone is reloaded once, and then says so", async ({
  front,
  people,
}) => {
  const { page } = await people.arrive("Ada", { origin: front.origin });
  await page.goto(front.origin);
  await mark(page);
  front.missing = (path) => path.includes("/CreateRoom-");
  const documents = () => front.requests.filter((path) => path === "/new").length;
  await page.getByRole("link", { name: t("home.options") }).click();
  await page.getByRole("heading", { name: t("explain.chunk.title") }).waitFor();
  expect(await isMarked(page)).toBe(false);
  expect(documents()).toBe(1);

  front.missing = () => false;
  await page.getByRole("button", { name: t("action.reload") }).click();
  await page.getByLabel(t("create.name")).waitFor();
});

test("in a call a missing part is a notice, and the call goes on", async ({
  server,
  front,
  people,
}) => {
  const { room_id } = await server.createRoom();
  front.missing = (path) => path.includes("/ChatPanel-");
  const ada = await people.arrive("Ada", { origin: front.origin });
  await ada.join(front.link(room_id));
  const grace = await people.join("Grace", room_id);
  await allSeeAndHearEachOther([ada, grace]);
  await mark(ada.page);

  await ada.button(new RegExp(`^${t("controls.chat")}($|,)`)).click();
  const notice = ada.page.getByRole("alert").filter({ hasText: t("explain.part.text") });
  await notice.waitFor();
  await allSeeAndHearEachOther([ada, grace]);
  expect(await isMarked(ada.page)).toBe(true);

  front.missing = () => false;
  await notice.getByRole("button", { name: t("action.retry") }).click();
  await ada.page.getByLabel(t("chat.field")).waitFor();
  await ada.writes("still here");
  await grace.reads("still here");
  expect(await isMarked(ada.page)).toBe(true);
});

test("a page that got none of its scripts tries again by itself", async ({ front, people }) => {
  const { page } = await people.arrive("Ada", { origin: front.origin });
  let refused = 0;
  front.missing = (path) => {
    const other = /\/(app|react)-.*\.js$/.test(path) && refused < 2;
    if (other) refused += 1;
    return other;
  };
  await page.goto(front.origin);
  await page.getByRole("heading", { name: t("home.title") }).waitFor();
  expect(await page.evaluate(() => sessionStorage.getItem("wecall.load-tries"))).toBe(null);

  // Another browser, which has kept nothing.
  const grace = await people.arrive("Grace", { origin: front.origin });
  front.missing = (path) => path.endsWith(".css");
  await grace.page.goto(`${front.origin}/join`);
  await grace.page.getByText("WeCall could not be loaded completely.").waitFor();
  expect(front.requests.filter((path) => path === "/join")).toHaveLength(5);
});
