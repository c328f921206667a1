/**
 * Calls over the media server out of networks that make it hard: without UDP, with nothing but TLS,
 * over TURN alone, and over a path that becomes narrow. Each person has a network namespace, so this
 * needs root on Linux.
 */
import { setTimeout as delay } from "node:timers/promises";

import type { Browser } from "playwright-core";
import { expect } from "vitest";

import { Coturn } from "./harness/coturn";
import { Crowd } from "./harness/crowd";
import { People } from "./harness/fixtures";
import { inbound, seesFramesOf } from "./harness/frames";
import type { Tab } from "./harness/frames";
import { pathsOnceConnected } from "./harness/paths";
import type { Path } from "./harness/paths";
import type { Person } from "./harness/person";
import { testWithPlace } from "./harness/place";
import { PlainDoor } from "./harness/plain-door";
import { freePort } from "./harness/ports";
import { Server } from "./harness/server";
import { eventually } from "./harness/waiting";

// The harness asks the server too, whose certificate is of its own local authority.
process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";

const mediaPort = await freePort("0.0.0.0");
const turnPort = await freePort("0.0.0.0");
const tlsPort = await freePort("0.0.0.0");

const OVER_MEDIA_SERVER = {
  WECALL_MEDIA__TOPOLOGY: "always-sfu",
  WECALL_MEDIA__LISTEN: `0.0.0.0:${mediaPort}`,
  WECALL_MEDIA__TCP_LISTEN: `0.0.0.0:${mediaPort}`,
  WECALL_MEDIA__SHARDS: "1",
};

const test = testWithPlace(() => ["--ignore-certificate-errors"], {
  scheme: "https",
  args: ["--lan"],
  env: {
    ...OVER_MEDIA_SERVER,
    WECALL_TURN__LISTEN: `0.0.0.0:${turnPort}`,
    WECALL_TURN__TLS_LISTEN: `0.0.0.0:${tlsPort}`,
  },
});

/** Room for the smallest of three layers and the sound. */
const NARROW_KBIT = 400;
/** The middle one, which a page of this size asks for at least. */
const MIDDLE_LINES = 360;
const DOWN_WITHIN_MS = 5_000;
const UP_WITHIN_MS = 15_000;

interface Joining {
  readonly browser: Browser;
  readonly relayOnly?: boolean;
  readonly watched?: number;
}

/** One person in a browser, and the others, whose pictures have begun to move there. */
async function meet(
  server: Server,
  joining: Joining,
  act: (ada: Person, crowd: Crowd) => Promise<void>,
): Promise<void> {
  const people = new People(server, joining.browser);
  const door = await PlainDoor.open(server);
  const { room_id } = await server.createRoom({ max_participants: 50 });
  const crowd = await Crowd.join(door.origin, room_id, { participants: joining.watched ?? 2 });
  try {
    const ada = await people.join("Ada", room_id, {
      context: { ignoreHTTPSErrors: true },
      relayOnly: joining.relayOnly ?? false,
    });
    const start = performance.now();
    await seesFramesOf(ada.page, crowd.peerIds, { deadlineMs: 30_000 });
    console.log(`pictures move ${Math.round(performance.now() - start)} ms after joining`);
    await act(ada, crowd);
  } finally {
    await crowd.leave();
    door.close();
    await people.dispose();
  }
}

async function onlyPath(ada: Person): Promise<Path> {
  const [path] = await pathsOnceConnected(ada.page, 1);
  if (path === undefined) throw new Error("no path");
  return path;
}

test("over a path that becomes narrow a smaller layer comes, and the larger one comes back", async ({
  place,
}) => {
  const [host] = place.hosts;
  await meet(place.server, { browser: place.browsers[0], watched: 1 }, async ({ page }) => {
    const full = await settledHeight(page);
    host.limitIncoming(NARROW_KBIT);
    try {
      const { height, afterMs } = await heightBecomes(page, (now) => now < full, DOWN_WITHIN_MS);
      console.log(`at ${NARROW_KBIT} kbit/s from ${full} to ${height} lines after ${afterMs} ms`);
    } finally {
      host.limitIncoming(null);
    }
    const { afterMs } = await heightBecomes(page, (now) => now === full, UP_WITHIN_MS);
    console.log(`back at ${full} lines after ${afterMs} ms`);
  });
});

test("who has only relays reaches the media server over the built-in TURN server", async ({ place }) => {
  await meet(place.server, { browser: place.browsers[0], relayOnly: true }, async (ada) => {
    expect((await onlyPath(ada)).local).toBe("relay");
  });
});

test("and over coturn", async ({ place }) => {
  const { hostname } = new URL(place.server.origin);
  const coturn = await Coturn.start(hostname);
  const server = await Server.start({
    host: hostname,
    scheme: "https",
    args: ["--lan"],
    env: {
      ...OVER_MEDIA_SERVER,
      WECALL_MEDIA__LISTEN: "0.0.0.0:0",
      WECALL_MEDIA__TCP_LISTEN: "0.0.0.0:0",
      WECALL_TURN__EXTERNAL_URLS: coturn.url,
      WECALL_TURN__EXTERNAL_SECRET_FILE: coturn.secretFile,
    },
  });
  try {
    await meet(server, { browser: place.browsers[0], relayOnly: true }, async (ada) => {
      expect((await onlyPath(ada)).local).toBe("relay");
    });
  } finally {
    await server.dispose();
    await coturn.dispose();
  }
});

test("without UDP the media server is reached by TCP", async ({ place }) => {
  const https = Number(new URL(place.server.origin).port);
  place.hosts[0].allowOnlyTcp([https, mediaPort]);
  await meet(place.server, { browser: place.browsers[0] }, async (ada) => {
    const path = await onlyPath(ada);
    expect(path.local).not.toBe("relay");
    expect(path.protocol).toBe("tcp");
  });
});

test("with nothing but TLS the media server is reached over TURN", async ({ place }) => {
  const https = Number(new URL(place.server.origin).port);
  place.hosts[1].allowOnlyTcp([https, tlsPort]);
  await meet(place.server, { browser: place.browsers[1] }, async (ada) => {
    expect(await onlyPath(ada)).toMatchObject({ local: "relay", relayProtocol: "tls" });
  });
});

const LOOK_EVERY_MS = 250;

/** Of the picture that comes in now: as many lines as its layer has. */
async function heightNow(tab: Tab): Promise<number> {
  const frames = async () =>
    new Map((await inbound(tab)).flat().map((one) => [one.ssrc, one.framesDecoded] as const));
  const before = await frames();
  await delay(LOOK_EVERY_MS);
  const moving = (await inbound(tab))
    .flat()
    .filter((one) => one.kind === "video" && one.framesDecoded > (before.get(one.ssrc) ?? 0));
  return Math.max(0, ...moving.map((one) => one.frameHeight));
}

/** The layer that the page asks for: the estimate takes a while to find that the path is wide. */
async function settledHeight(tab: Tab): Promise<number> {
  let before = 0;
  const { height } = await heightBecomes(
    tab,
    (now) => {
      const same = now === before && now >= MIDDLE_LINES;
      before = now;
      return same;
    },
    30_000,
  );
  return height;
}

async function heightBecomes(
  tab: Tab,
  wanted: (height: number) => boolean,
  deadlineMs: number,
): Promise<{ height: number; afterMs: number }> {
  const start = performance.now();
  const seen: number[] = [];
  const height = await eventually(
    "the picture has as many lines as it should",
    async () => {
      const now = await heightNow(tab);
      seen.push(now);
      // Nothing at all is no smaller picture.
      return now > 0 && wanted(now) ? now : null;
    },
    { deadlineMs, describe: async () => seen.slice(-10) },
  );
  return { height, afterMs: Math.round(performance.now() - start) };
}
