/**
 * Of the packets to each person, one in ten is lost. Each person has a network namespace, so this
 * needs root on Linux.
 */
import { setTimeout as delay } from "node:timers/promises";

import type { Browser } from "playwright-core";

import { launchChromium } from "./harness/chromium";
import { People, expect, test as base } from "./harness/fixtures";
import { inbound, seesFramesOf } from "./harness/frames";
import { writeSpeech } from "./harness/microphone";
import { Network } from "./harness/network";
import type { Host } from "./harness/network";
import { allSeeAndHearEachOther } from "./harness/person";
import type { Person } from "./harness/person";
import { Server } from "./harness/server";

const LOSS_PERCENT = 10;
/** The jitter buffer and the bitrate have found their level for such a network. */
const SETTLING_MS = 5_000;
/** 50 packets a second and direction: 2,000, of which a random tenth is 200 ± 13. */
const WINDOW_MS = 20_000;

interface Place {
  readonly server: Server;
  readonly hosts: readonly [Host, Host];
  readonly browsers: readonly [Browser, Browser];
}

const test = base.extend<{ place: Place }>({
  place: [
    async ({}, use) => {
      const network = new Network();
      try {
        const hosts = [network.addHost("a"), network.addHost("b")] as const;
        const server = await Server.start({ host: network.serverAddress });
        const args = [
          // Plain HTTP on such an address gets no camera; this flag is for tests like this one.
          `--unsafely-treat-insecure-origin-as-secure=${server.origin}`,
          `--use-file-for-fake-audio-capture=${writeSpeech()}`,
        ];
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
    },
    { scope: "file" },
  ],
});

interface Heard {
  readonly received: number;
  readonly lost: number;
  readonly redundant: number;
  readonly samples: number;
  readonly concealed: number;
  readonly silent: number;
}

/** What has come in so far at all of `people` together. */
async function heard(people: readonly Person[]): Promise<Heard> {
  const streams = (await Promise.all(people.map((person) => inbound(person.page))))
    .flat(2)
    .filter((stream) => stream.kind === "audio");
  const total = (value: (stream: (typeof streams)[number]) => number) =>
    streams.reduce((sum, stream) => sum + value(stream), 0);
  return {
    received: total((stream) => stream.packetsReceived),
    lost: total((stream) => stream.packetsLost),
    redundant: total((stream) => stream.redundantPackets),
    samples: total((stream) => stream.samples),
    concealed: total((stream) => stream.concealedSamples),
    silent: total((stream) => stream.silentConcealedSamples),
  };
}

/** A browser without redundant audio, as Firefox is. */
function removeRed(): void {
  for (const side of [RTCRtpSender, RTCRtpReceiver]) {
    const all = side.getCapabilities.bind(side);
    side.getCapabilities = (kind) => {
      const found = all(kind);
      const codecs = found?.codecs.filter((codec) => codec.mimeType !== "audio/red");
      return found === null || codecs === undefined ? found : { ...found, codecs };
    };
  }
}

/** The shares of packets that were lost and of sound that had to be made up, in a lossy call. */
async function callWithLoss(place: Place, arrange: (person: Person) => Promise<void>) {
  const people = new People(place.server, place.browsers[0]);
  const { room_id } = await place.server.createRoom();
  const ada = await people.arrive("Ada");
  const grace = await people.arrive("Grace", { browser: place.browsers[1] });
  for (const person of [ada, grace]) {
    await arrange(person);
    await person.join(place.server.link(room_id));
  }
  await allSeeAndHearEachOther([ada, grace]);

  for (const host of place.hosts) host.losePackets(LOSS_PERCENT);
  await delay(SETTLING_MS);
  const before = await heard([ada, grace]);
  await delay(WINDOW_MS);
  const after = await heard([ada, grace]);
  await Promise.all([
    seesFramesOf(ada.page, [await grace.peerId()]),
    seesFramesOf(grace.page, [await ada.peerId()]),
  ]);
  for (const host of place.hosts) host.losePackets(0);
  await people.dispose();

  const grown = (key: keyof Heard) => after[key] - before[key];
  const lost = grown("lost") / (grown("received") + grown("lost"));
  const concealed = grown("concealed") / grown("samples");
  const silent = grown("silent") / grown("samples");
  const redundant = grown("redundant") / grown("received");
  return { lost, concealed, silent, redundant };
}

test("speech survives the loss of a tenth of the packets", async ({ place }) => {
  const without = await callWithLoss(place, (person) => person.page.addInitScript(removeRed));
  console.log("without", without);
  const red = await callWithLoss(place, async () => {});
  console.log("with", red);
  expect(red.redundant).toBeGreaterThan(0.5);
});
