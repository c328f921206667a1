/**
 * What runs inside each page under test, before its own code: collects the page's
 * RTCPeerConnections and counts the frames that its videos really show.
 */

export interface VideoSample {
  /** "self" for the own tile. */
  readonly peerId: string;
  readonly kind: "camera" | "screen";
  /** Frames that were composited, over all elements that showed this picture. */
  readonly frames: number;
  readonly width: number;
  readonly height: number;
  /** The longest time without a new frame since the last `restartGaps`, up to now. */
  readonly largestGapMs: number;
  /** The first time without a new frame since then that a person notices; 0 while there is none. */
  readonly firstStandstillMs: number;
}

export interface InboundSample {
  readonly kind: "audio" | "video";
  readonly ssrc: number;
  readonly framesDecoded: number;
  readonly audioEnergy: number;
  readonly packetsReceived: number;
  readonly packetsLost: number;
  /** Packets with a copy of earlier sound inside the encoder's frame; not those with RED. */
  readonly packetsWithFec: number;
  readonly samples: number;
  /** Of `samples`: made up, for want of a packet. */
  readonly concealedSamples: number;
  /** Of `concealedSamples`: nothing but silence could be made up. */
  readonly silentConcealedSamples: number;
  readonly frameWidth: number;
  readonly frameHeight: number;
  readonly mimeType: string;
}

export interface Probe {
  videos(): VideoSample[];
  /** Of each connection that is not closed. */
  inbound(): Promise<InboundSample[][]>;
  /**
   * What each microphone is sent as, as negotiated: statistics name Opus where it is inside RED
   * (seen in Chromium).
   */
  audioCodecs(): string[];
  connectionStates(): RTCPeerConnectionState[];
  /** Those that are not closed. */
  connections(): RTCPeerConnection[];
  restartGaps(): void;
  readonly policyViolations: string[];
}

declare global {
  interface Window {
    __probe: Probe;
  }
}

/** Sent to the browser as text: it must not refer to anything outside itself. */
export function installProbe(): void {
  const Native = window.RTCPeerConnection;
  const connections: RTCPeerConnection[] = [];
  if (Native !== undefined) {
    window.RTCPeerConnection = class extends Native {
      constructor(configuration?: RTCConfiguration) {
        super(configuration);
        connections.push(this);
      }
    };
  }
  const open = () => connections.filter((one) => one.connectionState !== "closed");

  const policyViolations: string[] = [];
  document.addEventListener("securitypolicyviolation", (event) => {
    policyViolations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`);
  });

  interface Counter {
    frames: number;
    width: number;
    height: number;
    lastFrameAt: number;
    largestGapMs: number;
    firstStandstillMs: number;
  }
  /** Seven frames of the test's camera. */
  const STANDSTILL_MS = 500;
  const counters = new Map<string, Counter>();
  const watched = new WeakSet<HTMLVideoElement>();

  const keyOf = (video: HTMLVideoElement): string | null => {
    const tile = video.closest("[data-peer-id]");
    const peerId = tile?.getAttribute("data-peer-id");
    if (tile === null || peerId === null || peerId === undefined) return null;
    const self = tile.hasAttribute("data-self");
    return `${tile.getAttribute("data-kind") ?? "camera"} ${self ? "self" : peerId}`;
  };

  const watch = (video: HTMLVideoElement): void => {
    if (watched.has(video)) return;
    watched.add(video);
    const onFrame: VideoFrameRequestCallback = (now, frame) => {
      video.requestVideoFrameCallback(onFrame);
      const key = keyOf(video);
      if (key === null) return;
      const counter = counters.get(key) ?? {
        frames: 0,
        width: 0,
        height: 0,
        lastFrameAt: now,
        largestGapMs: 0,
        firstStandstillMs: 0,
      };
      counter.frames += 1;
      counter.width = frame.width;
      counter.height = frame.height;
      const gapMs = now - counter.lastFrameAt;
      counter.largestGapMs = Math.max(counter.largestGapMs, gapMs);
      if (counter.firstStandstillMs === 0 && gapMs >= STANDSTILL_MS) counter.firstStandstillMs = gapMs;
      counter.lastFrameAt = now;
      counters.set(key, counter);
    };
    video.requestVideoFrameCallback(onFrame);
  };
  new MutationObserver(() => {
    for (const video of document.querySelectorAll("video")) watch(video);
  }).observe(document, { childList: true, subtree: true });

  window.__probe = {
    policyViolations,
    videos() {
      const now = performance.now();
      return [...counters].map(([key, counter]) => {
        const [kind, peerId] = key.split(" ");
        return {
          peerId: peerId ?? "",
          kind: kind === "screen" ? "screen" : "camera",
          frames: counter.frames,
          width: counter.width,
          height: counter.height,
          largestGapMs: Math.max(counter.largestGapMs, now - counter.lastFrameAt),
          firstStandstillMs: counter.firstStandstillMs,
        };
      });
    },
    restartGaps() {
      const now = performance.now();
      for (const counter of counters.values()) {
        counter.largestGapMs = 0;
        counter.firstStandstillMs = 0;
        counter.lastFrameAt = now;
      }
    },
    connections: open,
    connectionStates: () => connections.map((one) => one.connectionState),
    audioCodecs: () =>
      open()
        .flatMap((one) => one.getSenders())
        .filter((sender) => sender.track?.kind === "audio")
        .map((sender) => sender.getParameters().codecs[0]?.mimeType ?? ""),
    async inbound() {
      const samples: InboundSample[][] = [];
      for (const connection of open()) {
        const report = await connection.getStats();
        const codecs = new Map<string, string>();
        report.forEach((entry: RTCStats & { mimeType?: string }) => {
          if (entry.type === "codec") codecs.set(entry.id, entry.mimeType ?? "");
        });
        const streams: InboundSample[] = [];
        report.forEach((entry: RTCInboundRtpStreamStats) => {
          if (entry.type !== "inbound-rtp") return;
          streams.push({
            kind: entry.kind === "audio" ? "audio" : "video",
            ssrc: entry.ssrc,
            framesDecoded: entry.framesDecoded ?? 0,
            audioEnergy: entry.totalAudioEnergy ?? 0,
            packetsReceived: entry.packetsReceived ?? 0,
            packetsLost: entry.packetsLost ?? 0,
            packetsWithFec: entry.fecPacketsReceived ?? 0,
            samples: entry.totalSamplesReceived ?? 0,
            concealedSamples: entry.concealedSamples ?? 0,
            silentConcealedSamples: entry.silentConcealedSamples ?? 0,
            frameWidth: entry.frameWidth ?? 0,
            frameHeight: entry.frameHeight ?? 0,
            mimeType: codecs.get(entry.codecId ?? "") ?? "",
          });
        });
        samples.push(streams);
      }
      return samples;
    },
  };
}
