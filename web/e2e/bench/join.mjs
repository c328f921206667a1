// How long the second person waits for the first picture: from their click on "Join the call" to
// the first decoded frame of the other's camera, in one Chromium over loopback.
//
//   node web/e2e/bench/join.mjs --origin http://127.0.0.1:8000 --samples 9
//
// Prints {"samplesMs": [...]}. `cargo xtask bench signal` starts the server and reads this.
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

const PROGRAM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const DEADLINE_MS = 20_000;
const VIEWPORT = { width: 1280, height: 720 };

const { values } = parseArgs({
  options: {
    origin: { type: "string", default: "http://127.0.0.1:8000" },
    samples: { type: "string", default: "9" },
  },
});
const { origin } = values;

/** Runs in the page, before it: notes the click, then the first frame of somebody else. */
function watchForFirstFrame() {
  let clickedAt = null;
  const watched = new WeakSet();
  let tell;
  window.__firstFrame = new Promise((resolve) => {
    tell = resolve;
  });
  document.addEventListener(
    "click",
    (event) => {
      // The join is the page's last click; one before it (none today) would be overwritten.
      clickedAt = event.timeStamp;
    },
    { capture: true },
  );
  const look = () => {
    for (const video of document.querySelectorAll("article[data-tile]:not([data-self]) video")) {
      if (!watched.has(video)) {
        watched.add(video);
        video.requestVideoFrameCallback((now) => tell({ clickedAt, frameAt: now }));
      }
    }
  };
  new MutationObserver(look).observe(document, { childList: true, subtree: true });
}

/** A page of its own profile, ready to click on "Join the call". */
async function arrive(browser, link, name) {
  const context = await browser.newContext({ viewport: VIEWPORT });
  const page = await context.newPage();
  page.setDefaultTimeout(DEADLINE_MS);
  await page.addInitScript(watchForFirstFrame);
  await page.goto(link);
  await page.getByLabel("Your name", { exact: true }).fill(name);
  // People click when they see themselves.
  await page.waitForFunction(() =>
    [...document.querySelectorAll("video")].some((video) => video.videoWidth > 0),
  );
  return page;
}

async function join(page) {
  await page.getByRole("button", { name: "Join the call", exact: true }).click();
  await page.locator('[data-phase="joined"]').waitFor();
}

async function sample(browser, link) {
  const page = await arrive(browser, link, "Grace");
  await join(page);
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new Error("no frame came")), DEADLINE_MS).unref();
  });
  const { clickedAt, frameAt } = await Promise.race([
    page.evaluate(() => window.__firstFrame),
    late,
  ]);
  await page.context().close();
  return frameAt - clickedAt;
}

async function createRoom() {
  const response = await fetch(`${origin}/api/rooms`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  if (!response.ok) throw new Error(`no room: ${response.status} ${await response.text()}`);
  return (await response.json()).room_id;
}

const browser = await chromium.launch({
  executablePath: PROGRAM,
  headless: true,
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
  ],
});
try {
  const samplesMs = [];
  // The first fills the caches of the browser's processes and of the server; it is not counted.
  for (let index = 0; index <= Number(values.samples); index += 1) {
    // A room each, so that nobody's departure is under way while somebody joins.
    const link = `${origin}/r/${await createRoom()}`;
    const first = await arrive(browser, link, "Ada");
    await join(first);
    const ms = await sample(browser, link);
    await first.context().close();
    if (index > 0) samplesMs.push(ms);
  }
  process.stdout.write(`${JSON.stringify({ samplesMs })}\n`);
} finally {
  await browser.close();
}
