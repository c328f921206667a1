import type { ClientMessage, MediaFigures, MediaGoneReason, PeerId, ServerMessage } from "../protocol/generated";
import type { Cancel } from "../services/clock";
import type { OutgoingTracks, Slot } from "./description";
import { createFlowWatch } from "./flowWatch";
import { createIceRecovery, type IceRecovery } from "./iceRecovery";
import type { PeerConnectionState } from "./model";
import type { PeerEnvironment } from "./peer";
import { createServerLink, type ServerLink } from "./serverLink";
import { serverRetryDelay } from "./serverRetry";
import { createSlots, type SlotState } from "./slots";

/** The connection to one media server, over as many RTCPeerConnections as it takes. */
export interface ServerConnection {
  readonly peerId: PeerId;
  /** What the media server sends, of which it takes what it is about. */
  receive(message: ServerMessage): void;
  setTracks(tracks: OutgoingTracks): void;
  applyLimits(): void;
  /** Room for so many pictures. */
  growTo(pictures: number): void;
  /** The server is asked to show others. */
  release(isShown: (peerId: PeerId, source: string) => boolean): void;
  setSignaling(open: boolean): void;
  handleNetworkChange(): void;
  /** What the server sent meanwhile is lost, and what we sent may be. */
  restate(): void;
  /** Looks whether pictures have begun to come; often, as it is what a switch waits for. */
  look(): void;
  /** Looks whether anything comes at all; `sends` tells who of the others sends something. */
  checkFlow(sends: (peerId: PeerId, source: string) => boolean): void;
  state(): PeerConnectionState;
  /** The server has answered, so that it can be told something. */
  isKnown(): boolean;
  /** On the clock; null while there is no connection. */
  connectedSince(): number | null;
  slot(peerId: PeerId, source: Slot): SlotState | null;
  slots(): readonly SlotState[];
  /** The same as long as the section lives, whoever is in it. */
  streamOf(mid: string): MediaStream | null;
  figures(): MediaFigures | null;
  stats(): Promise<RTCStatsReport | null>;
  sent(): ReadonlyMap<Slot, RTCRtpTransceiver>;
  close(): void;
}

export interface ServerConnectionOptions {
  readonly peerId: PeerId;
  readonly environment: PeerEnvironment & { readonly isPhone: boolean };
  readonly tracks: OutgoingTracks;
  readonly pictures: number;
  readonly signalingOpen: boolean;
  readonly send: (message: ClientMessage) => void;
  /** State, slots or streams are others than before. */
  readonly onChange: () => void;
  /** The server has taken an offer of ours, and knows us from now on. */
  readonly onAnswered: () => void;
  readonly onConnected: () => void;
  /** The path seems dead; the one to the server may be as well. */
  readonly onSuspicion: () => void;
}

/** An answer takes milliseconds, over bad networks a second; then the offer counts as lost. */
const ANSWER_PATIENCE_MS = 5_000;
/** Where a browser never tells of the pictures that come, they are taken to after this long. */
const UNSEEN_MS = 3_000;
/** What was looked at before that says nothing about what comes now. */
const SEEN_FOR_MS = 600;

export function createServerConnection(options: ServerConnectionOptions): ServerConnection {
  const { environment, peerId } = options;
  const { clock } = environment;
  const slots = createSlots();
  const streams = new Map<MediaStreamTrack, MediaStream>();
  const flow = createFlowWatch();
  let { tracks, pictures, signalingOpen } = options;
  let cancelPatience: Cancel = () => {};
  let connectedSince: number | null = null;
  let figures: MediaFigures | null = null;
  let failures = 0;
  let tellsPictures = false;
  let lastFlow: number | null = null;
  let cameLast = "";
  const seen = new Map<string, { last: number | null; at: number }>();
  let closed = false;
  /** Of the present link. */
  let answered = false;
  let lost = false;
  let link = newLink();
  const recovery: IceRecovery = createIceRecovery(environment, {
    restart: () => link.restartIce(),
    rebuild: replaceLink,
    onState: options.onChange,
  });
  recovery.setSignaling(signalingOpen);

  function newLink(): ServerLink {
    const connection = environment.newConnection();
    const created = createServerLink({
      connection,
      tracks,
      pictures,
      phone: environment.isPhone,
      newStream: environment.newStream,
      codecs: environment.codecs,
      report: environment.report,
      onOffer: (sdp) => {
        options.send({ type: "offer", target_peer_id: peerId, offer: { type: "offer", sdp } });
        awaitAnswer();
      },
      onCandidate: (candidate) => options.send({ type: "ice-candidate", target_peer_id: peerId, candidate }),
      onAnswered: () => {
        answered = true;
        options.onAnswered();
      },
    });
    connection.addEventListener("connectionstatechange", () => {
      if (!closed && !lost && created === link) {
        handleState(connection.connectionState);
      }
    });
    return created;
  }

  function handleState(state: RTCPeerConnectionState): void {
    if (state === "connected") {
      connectedSince ??= clock.now();
      failures = 0;
    } else if (state === "disconnected" || state === "failed") {
      connectedSince = null;
      options.onSuspicion();
    }
    recovery.handleIceState(state === "connecting" ? "checking" : state);
    if (state === "connected") {
      options.onConnected();
    }
  }

  function replaceLink(): void {
    link.close();
    slots.clear();
    streams.clear();
    answered = false;
    lost = false;
    connectedSince = null;
    link = newLink();
    recovery.handleIceState("new");
  }

  function handleGone(reason: MediaGoneReason): void {
    if (lost) {
      return;
    }
    cancelPatience();
    switch (reason) {
      case "lost":
      case "closed":
      case "failed":
        if (!answered) {
          // An earlier connection of ours is meant, which has ended as it should.
          awaitAnswer();
          return;
        }
        break;
      case "refused":
      case "busy":
        if (!link.awaitsAnswer()) {
          // What we show was not taken; the connection is as it was.
          cancelPatience = clock.after(ANSWER_PATIENCE_MS, options.onAnswered);
          return;
        }
        break;
      case "not-here":
    }
    lost = true;
    connectedSince = null;
    recovery.handleLoss(serverRetryDelay({ reason, failures, random: environment.random() }));
    failures += 1;
    options.onChange();
  }

  function awaitAnswer(): void {
    cancelPatience();
    cancelPatience = clock.after(ANSWER_PATIENCE_MS, () => {
      if (signalingOpen && link.awaitsAnswer()) {
        // Sending it leads back to here.
        link.resend();
      }
    });
  }

  function lastMediaOf(receiver: RTCRtpReceiver | undefined): number | null {
    return receiver?.getSynchronizationSources()[0]?.timestamp ?? null;
  }

  function lastMedia(mid: string): number | null {
    const receiver = link.receivers().get(mid);
    const last = lastMediaOf(receiver);
    tellsPictures ||= last !== null && receiver?.track.kind === "video";
    const isLate = connectedSince !== null && clock.now() - connectedSince > UNSEEN_MS;
    // Any number that changes will do.
    return !tellsPictures && isLate && receiver?.track.muted === false ? clock.now() : last;
  }

  /** Since it was looked at last, if that was a moment ago. */
  function hasCome(mid: string): boolean {
    const before = seen.get(mid);
    const now = { last: lastMediaOf(link.receivers().get(mid)), at: clock.now() };
    seen.set(mid, now);
    return before !== undefined && now.at - before.at <= SEEN_FOR_MS && now.last !== before.last;
  }

  function look(): void {
    if (connectedSince !== null && slots.sample(lastMedia, clock.now())) {
      options.onChange();
    }
  }

  return {
    peerId,
    receive: (message) => {
      switch (message.type) {
        case "answer": {
          const sdp = sdpOf(message.answer);
          if (sdp !== null) {
            link.receiveAnswer(sdp);
          }
          break;
        }
        case "slots":
          slots.take(message.slots, clock.now());
          look();
          options.onChange();
          break;
        case "layers":
          if (message.source === "camera" || message.source === "screen") {
            link.sending.setNeeded(message.source, message.layers);
          }
          break;
        case "media-figures":
          figures = message;
          break;
        case "media-gone":
          handleGone(message.reason);
          break;
        default:
      }
    },
    setTracks: (next) => {
      tracks = next;
      link.sending.setTracks(next);
    },
    applyLimits: () => link.sending.applyLimits(),
    growTo: (count) => {
      if (count > pictures) {
        pictures = count;
        link.growTo(count);
      }
    },
    release: (isShown) => {
      const audible = (source: string): boolean => source === "microphone" || source === "screen-audio";
      slots.release(
        (content) => audible(content.source) || isShown(content.peer_id, content.source),
        clock.now(),
      );
    },
    setSignaling: (open) => {
      signalingOpen = open;
      recovery.setSignaling(open);
      if (open && link.awaitsAnswer()) {
        awaitAnswer();
      }
    },
    handleNetworkChange: () => recovery.handleNetworkChange(),
    restate: () => link.resend(),
    look,
    checkFlow: (sends) => {
      const expected = slots
        .all()
        .filter(({ content, flows }) => flows && content !== null && sends(content.peer_id, content.source));
      // Asking a browser waits for another of its threads, so the one that came last is asked first.
      expected.sort((a, b) => Number(b.mid === cameLast) - Number(a.mid === cameLast));
      const come = expected.find(({ mid }) => hasCome(mid));
      if (come !== undefined) {
        cameLast = come.mid;
        lastFlow = clock.now();
      }
      const isExpected = expected.length > 0 && recovery.state() === "connected";
      if (flow.sample(lastFlow, isExpected, clock.now()) === "dried-up") {
        options.onSuspicion();
        recovery.handleNetworkChange();
      }
    },
    state: () => recovery.state(),
    isKnown: () => answered && !lost,
    connectedSince: () => connectedSince,
    slot: (id, source) => slots.of(id, source),
    slots: () => slots.all(),
    streamOf: (mid) => {
      const track = link.receivers().get(mid)?.track;
      if (track === undefined) {
        return null;
      }
      const stream = streams.get(track) ?? environment.newStream([track]);
      streams.set(track, stream);
      return stream;
    },
    figures: () => figures,
    stats: async () => (link.connection.signalingState === "closed" ? null : link.connection.getStats()),
    sent: () => link.sending.transceivers(),
    close: () => {
      closed = true;
      cancelPatience();
      recovery.stop();
      link.close();
    },
  };
}

function sdpOf(description: unknown): string | null {
  return typeof description === "object" &&
    description !== null &&
    "sdp" in description &&
    typeof description.sdp === "string"
    ? description.sdp
    : null;
}
