import type { PeerId } from "../protocol/generated";
import type { Cancel, Clock } from "../services/clock";
import type { Report } from "../services/report";
import type { OutgoingTracks, Slot, WireDescription } from "./description";
import { createFlowWatch } from "./flowWatch";
import { createIceRecovery, type IceRecovery } from "./iceRecovery";
import { createLink, type Link } from "./link";
import type { PeerConnectionState } from "./model";
import type { SendingContext } from "./senderLimits";

/** The media connection to one other participant, over as many RTCPeerConnections as it takes. */
export interface Peer {
  /** Offers, as the newcomer does. Without it, the other side's offer is awaited. */
  start(): void;
  receive(description: WireDescription): void;
  addCandidate(candidate: RTCIceCandidateInit): void;
  setTracks(tracks: OutgoingTracks): void;
  setContext(context: SendingContext): void;
  /** The microphone of someone who is muted is not played, whatever they send. */
  setAudible(audible: boolean): void;
  setSignaling(open: boolean): void;
  handleNetworkChange(): void;
  /** Looks whether media still comes in; `expected` while the other side sends some. */
  checkFlow(expected: boolean): void;
  /** Messages of ours may be lost. */
  restate(): void;
  connection(): PeerConnectionState;
  streams(): PeerStreams;
  /** When something came for it last: any number that changes; null for never. */
  lastMedia(slot: Slot): number | null;
  /** Of the other's microphone, from 0 to 1, now. */
  audioLevel(): number;
  stats(): Promise<RTCStatsReport | null>;
  close(): void;
}

export type PeerStreams = Readonly<Record<Slot, MediaStream | null>>;

export interface PeerOptions {
  readonly self: PeerId;
  readonly remote: PeerId;
  /** A client of version 1: one negotiation, both directions in it, none after it. */
  readonly legacy: boolean;
  readonly tracks: OutgoingTracks;
  readonly context: SendingContext;
  readonly environment: PeerEnvironment;
  readonly onDescription: (description: WireDescription) => void;
  readonly onCandidate: (candidate: RTCIceCandidateInit) => void;
  /** Streams or connection state are others than before. */
  readonly onChange: () => void;
  /** The path seems dead; the one to the server may be as well. */
  readonly onSuspicion: () => void;
}

export interface PeerEnvironment {
  readonly clock: Clock;
  readonly random: () => number;
  readonly newId: () => string;
  readonly newStream: (tracks?: MediaStreamTrack[]) => MediaStream;
  readonly newConnection: () => RTCPeerConnection;
  readonly codecs: (kind: string) => RTCRtpCapabilities | null;
  readonly report: Report;
}

/** An answer takes milliseconds, over bad networks a second; then the offer counts as lost. */
const ANSWER_PATIENCE_MS = 5_000;
const NO_STREAMS: PeerStreams = { microphone: null, camera: null, screen: null, "screen-audio": null };

export function createPeer(options: PeerOptions): Peer {
  const { environment, legacy } = options;
  const { clock } = environment;
  let { tracks, context } = options;
  let signalingOpen = true;
  let audible = true;
  let streams = NO_STREAMS;
  let cancelPatience: Cancel = () => {};
  let closed = false;
  /** Whether the present link offered by itself. */
  let started = false;
  const flow = createFlowWatch();
  let [link, connection] = newLink();
  const recovery: IceRecovery = createIceRecovery(environment, {
    restart: () => {
      if (legacy) {
        return;
      }
      if (started || link.remoteConnection() !== null) {
        link.restartIce();
      } else {
        // The newcomer's offer has not come; ours does as well.
        start();
      }
    },
    rebuild: () => {
      if (!legacy) {
        replaceLink();
        start();
      }
    },
    onState: options.onChange,
  });

  function newLink(): [Link, RTCPeerConnection] {
    const pc = environment.newConnection();
    const created: Link = createLink({
      id: environment.newId(),
      connection: pc,
      legacy,
      polite: options.self > options.remote,
      tracks,
      context,
      expects: ["microphone", "camera"],
      newId: environment.newId,
      newStream: environment.newStream,
      codecs: environment.codecs,
      report: environment.report,
      onDescription: (description) => {
        options.onDescription(description);
        if (description.type === "offer") {
          awaitAnswer();
        }
      },
      onCandidate: options.onCandidate,
      onReceivers: showReceivers,
    });
    let interrupted = false;
    pc.addEventListener("iceconnectionstatechange", () => {
      if (closed || pc !== connection) {
        return;
      }
      if (pc.iceConnectionState === "disconnected" || pc.iceConnectionState === "failed") {
        interrupted = true;
        options.onSuspicion();
      } else if (interrupted && (pc.iceConnectionState === "connected" || pc.iceConnectionState === "completed")) {
        interrupted = false;
        created.sending.sendKeyFrames();
      }
      recovery.handleIceState(pc.iceConnectionState);
    });
    return [created, pc];
  }

  function start(): void {
    started = true;
    link.start();
  }

  function replaceLink(): void {
    const before = link;
    started = false;
    [link, connection] = newLink();
    before.close();
    recovery.handleIceState("new");
  }

  function awaitAnswer(): void {
    cancelPatience();
    if (legacy) {
      // Its client would take a second offer for another call.
      return;
    }
    cancelPatience = clock.after(ANSWER_PATIENCE_MS, () => {
      if (signalingOpen) {
        // Sending it leads back to here.
        link.resend();
      }
    });
  }

  function showReceivers(): void {
    const receivers = link.receivers();
    const streamOf = (slot: Slot): MediaStream | null => {
      const track = receivers.get(slot)?.track;
      if (track === undefined) {
        return null;
      }
      const known = streams[slot];
      return known?.getTracks()[0] === track ? known : environment.newStream([track]);
    };
    streams = {
      microphone: streamOf("microphone"),
      camera: streamOf("camera"),
      screen: streamOf("screen"),
      "screen-audio": streamOf("screen-audio"),
    };
    silence();
    options.onChange();
  }

  function silence(): void {
    for (const track of streams.microphone?.getTracks() ?? []) {
      track.enabled = audible;
    }
  }

  function lastMedia(): number | null {
    const times = Array.from(link.receivers().values(), (receiver) =>
      Math.max(0, ...receiver.getSynchronizationSources().map((source) => source.timestamp)),
    );
    const latest = Math.max(0, ...times);
    return latest === 0 ? null : latest;
  }

  /** Meant for a connection of ours that is no more. */
  function isStale({ wecall }: WireDescription): boolean {
    return wecall !== undefined && wecall.peer !== null && wecall.peer !== link.id;
  }

  return {
    start: () => {
      if (!started) {
        start();
      }
    },
    receive: (description) => {
      if (isStale(description)) {
        return;
      }
      const known = link.remoteConnection();
      const theirs = description.wecall?.connection;
      if (description.type === "offer" && known !== null && theirs !== undefined && theirs !== known) {
        // The other side began anew, so there is nobody at the other end of our connection.
        replaceLink();
      }
      link.receive(description);
    },
    addCandidate: (candidate) => link.addCandidate(candidate),
    setTracks: (next) => {
      tracks = next;
      link.sending.setTracks(next);
    },
    setContext: (next) => {
      context = next;
      link.sending.setContext(next);
    },
    setAudible: (next) => {
      audible = next;
      silence();
    },
    setSignaling: (open) => {
      signalingOpen = open;
      recovery.setSignaling(open);
      if (open && link.awaitsAnswer()) {
        awaitAnswer();
      }
    },
    handleNetworkChange: () => recovery.handleNetworkChange(),
    checkFlow: (expected) => {
      const change = flow.sample(
        lastMedia(),
        expected && !legacy && recovery.state() === "connected",
        clock.now(),
      );
      if (change === "dried-up") {
        // Which side it is about is unknown, so the path to the server is taken anew as well.
        options.onSuspicion();
        recovery.handleNetworkChange();
      } else if (change === "back") {
        link.sending.sendKeyFrames();
      }
    },
    restate: () => {
      if (!legacy) {
        link.resend();
      }
    },
    connection: () => recovery.state(),
    streams: () => streams,
    lastMedia: (slot) => link.receivers().get(slot)?.getSynchronizationSources()[0]?.timestamp ?? null,
    audioLevel: () => link.receivers().get("microphone")?.getSynchronizationSources()[0]?.audioLevel ?? 0,
    stats: async () => (connection.signalingState === "closed" ? null : connection.getStats()),
    close: () => {
      closed = true;
      cancelPatience();
      recovery.stop();
      link.close();
    },
  };
}
