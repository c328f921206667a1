/** Two people and a server, each in a network namespace of their own. Needs root on Linux. */
import type { Browser } from "playwright-core";

import { launchChromium } from "./chromium";
import { test as base } from "./fixtures";
import { Network } from "./network";
import type { Host } from "./network";
import { Server } from "./server";
import type { ServerOptions } from "./server";

export interface Place {
  readonly server: Server;
  readonly hosts: readonly [Host, Host];
  readonly browsers: readonly [Browser, Browser];
}

/** `browserArgs` is asked when the browsers start. */
async function withPlace(
  browserArgs: () => readonly string[],
  options: ServerOptions,
  use: (place: Place) => Promise<void>,
): Promise<void> {
  const network = new Network();
  try {
    const hosts = [network.addHost("a"), network.addHost("b")] as const;
    const server = await Server.start({ ...options, host: network.serverAddress });
    // Plain HTTP on such an address gets no camera; this flag is for tests like these.
    const camera = `--unsafely-treat-insecure-origin-as-secure=${server.origin}`;
    const args = [camera, ...browserArgs()];
    const first = await launchChromium({ program: hosts[0].chromium, args });
    const second = await launchChromium({ program: hosts[1].chromium, args });
    try {
      await use({ server, hosts, browsers: [first, second] });
    } finally {
      await first.close();
      await second.close();
      await server.dispose();
    }
  } finally {
    network.dispose();
  }
}

/** The tests of one file share a place. */
export function testWithPlace(
  browserArgs: () => readonly string[] = () => [],
  options: ServerOptions = {},
) {
  return base.extend<{ place: Place }>({
    place: [async ({}, use) => withPlace(browserArgs, options, use), { scope: "file" }],
  });
}
