import type { InboundSample, VideoSample } from "./probe";
import { eventually } from "./waiting";

/** What a Playwright page and a Puppeteer page both can do. */
export interface Tab {
  evaluate<T>(look: () => T): Promise<Awaited<T>>;
}

/** One third of a second of film: enough to be no left-over of a queue. */
const SOME_FRAMES = 5;

export function videos(tab: Tab): Promise<VideoSample[]> {
  return tab.evaluate(() => window.__probe.videos());
}

export function inbound(tab: Tab): Promise<InboundSample[][]> {
  return tab.evaluate(() => window.__probe.inbound());
}

/**
 * Resolves when pictures of each of `peerIds` have moved on from now: decoded by WebRTC, and
 * shown by the page.
 */
export async function seesFramesOf(
  tab: Tab,
  peerIds: readonly string[],
  options: { kind?: "camera" | "screen"; deadlineMs?: number } = {},
): Promise<void> {
  const { kind = "camera", deadlineMs = 20_000 } = options;
  const shown = async () => {
    const samples = await videos(tab);
    return new Map(
      peerIds.map((id) => {
        const sample = samples.find((one) => one.peerId === id && one.kind === kind);
        return [id, sample?.frames ?? 0] as const;
      }),
    );
  };
  const before = await shown();
  const decodedBefore = total(await inbound(tab), (stream) => stream.framesDecoded);
  await eventually(
    `frames of ${peerIds.length} ${kind}(s) advance`,
    async () => {
      const now = await shown();
      const moved = peerIds.every(
        (id) => (now.get(id) ?? 0) >= (before.get(id) ?? 0) + SOME_FRAMES,
      );
      if (!moved) return false;
      const decoded = total(await inbound(tab), (stream) => stream.framesDecoded);
      return decoded >= decodedBefore + SOME_FRAMES;
    },
    {
      deadlineMs,
      describe: async () => ({
        wanted: peerIds,
        before: [...before],
        shown: await videos(tab),
        inbound: await inbound(tab),
        connections: await tab.evaluate(() => window.__probe.connectionStates()),
      }),
    },
  );
}

/** Resolves when each of `count` connections has brought sound since now. */
export async function hearsEveryone(tab: Tab, count: number): Promise<void> {
  const energies = async () =>
    (await inbound(tab)).map((streams) =>
      total([streams], (stream) => (stream.kind === "audio" ? stream.audioEnergy : 0)),
    );
  const before = await energies();
  await eventually(
    `audio energy from ${count} connection(s)`,
    async () => {
      const now = await energies();
      return now.filter((energy, index) => energy > (before[index] ?? 0)).length >= count;
    },
    { describe: () => inbound(tab) },
  );
}

/** Resolves when `count` voices have brought sound since now, over however many connections. */
export async function hearsVoices(tab: Tab, count: number): Promise<void> {
  const energies = async () =>
    new Map((await inbound(tab)).flat().map((stream) => [`${stream.kind} ${stream.ssrc}`, stream.audioEnergy]));
  const before = await energies();
  await eventually(
    `audio energy of ${count} voice(s)`,
    async () => {
      const now = [...(await energies())];
      return now.filter(([voice, energy]) => energy > (before.get(voice) ?? 0)).length >= count;
    },
    { describe: () => inbound(tab) },
  );
}

export interface Standstill {
  /** Until the first frame after the pictures had stopped. */
  readonly firstMs: number;
  /** The longest of all, later ones too. */
  readonly longestMs: number;
}

/** How long the others' pictures stood still since `restartGaps`, the worst of them. */
export async function standstill(tab: Tab, peerIds: readonly string[]): Promise<Standstill> {
  const samples = await videos(tab);
  const ofPeers = peerIds.map((id) =>
    samples.find((one) => one.peerId === id && one.kind === "camera"),
  );
  const worst = (value: (sample: VideoSample) => number) =>
    Math.max(...ofPeers.map((one) => (one === undefined ? Number.POSITIVE_INFINITY : value(one))));
  return {
    firstMs: worst((one) => one.firstStandstillMs),
    longestMs: worst((one) => one.largestGapMs),
  };
}

export function restartGaps(tab: Tab): Promise<void> {
  return tab.evaluate(() => window.__probe.restartGaps());
}

function total(
  samples: readonly (readonly InboundSample[])[],
  value: (stream: InboundSample) => number,
): number {
  return samples.flat().reduce((sum, stream) => sum + value(stream), 0);
}
