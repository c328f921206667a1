import type { Report } from "../services/report";
import { preferCodecs, serverCodecs } from "./codecs";
import type { OutgoingTracks } from "./description";
import { withOpusFec } from "./opusFec";
import { compactOffer } from "./serverOffer";
import { createServerSending, type ServerSending } from "./serverSending";
import { MOST_PICTURES } from "./shownPictures";

/**
 * One RTCPeerConnection to the media server and its negotiation, which is simple: we offer, the
 * server answers.
 */
export interface ServerLink {
  readonly connection: RTCPeerConnection;
  readonly sending: ServerSending;
  receiveAnswer(sdp: string): void;
  /** Makes sections for so many pictures, by another offer; never less than there are. */
  growTo(pictures: number): void;
  restartIce(): void;
  /** An offer that has no answer yet is sent again; it may have been lost. */
  resend(): void;
  awaitsAnswer(): boolean;
  /** By `mid`: the sections in which something may come. */
  receivers(): ReadonlyMap<string, RTCRtpReceiver>;
  close(): void;
}

export interface ServerLinkOptions {
  readonly connection: RTCPeerConnection;
  readonly tracks: OutgoingTracks;
  readonly phone: boolean;
  readonly pictures: number;
  readonly newStream: () => MediaStream;
  readonly codecs: (kind: string) => RTCRtpCapabilities | null;
  readonly report: Report;
  readonly onOffer: (sdp: string) => void;
  readonly onCandidate: (candidate: RTCIceCandidateInit) => void;
  /** The server has answered. */
  readonly onAnswered: () => void;
}

/** As many as the media server forwards. */
const VOICES = 6;

export function createServerLink(options: ServerLinkOptions): ServerLink {
  const { connection, report } = options;
  const sending = createServerSending(connection, options);
  const receiving: RTCRtpTransceiver[] = [];
  let receivers: ReadonlyMap<string, RTCRtpReceiver> = new Map();
  let tail: Promise<void> = Promise.resolve();

  const closed = (): boolean => connection.signalingState === "closed";

  /** One step after the other, so that each sees a settled signaling state. */
  function inTurn(what: string, step: () => Promise<void>): void {
    tail = tail
      .then(() => (closed() ? undefined : step()))
      .catch((error: unknown) => {
        if (!closed()) {
          report(what, error);
        }
      });
  }

  function open(kind: "audio" | "video", count: number): void {
    for (let made = 0; made < count; made += 1) {
      receiving.push(connection.addTransceiver(kind, { direction: "recvonly" }));
    }
  }

  function growTo(pictures: number): void {
    const now = receiving.filter(({ receiver }) => receiver.track.kind === "video").length;
    open("video", Math.min(pictures, MOST_PICTURES) - now);
  }

  growTo(options.pictures);
  open("audio", VOICES);
  connection.addEventListener("negotiationneeded", () => inTurn("offering to the media server", offer));
  connection.addEventListener("icecandidate", ({ candidate }) => {
    if (candidate !== null && candidate.candidate !== "") {
      options.onCandidate(candidate.toJSON());
    }
  });

  async function offer(): Promise<void> {
    // In any other state, the event comes again with the return to `stable`.
    if (connection.signalingState !== "stable") {
      return;
    }
    for (const transceiver of connection.getTransceivers()) {
      preferCodecs(transceiver, options.codecs, serverCodecs);
    }
    await connection.setLocalDescription();
    sendLocal();
  }

  function sendLocal(): void {
    const local = connection.localDescription;
    if (local?.type === "offer") {
      options.onOffer(compactOffer(withOpusFec(local.sdp)));
    }
  }

  async function takeAnswer(sdp: string): Promise<void> {
    // Another number of sections answers another offer: one before, or that of a trial connection.
    const fits = sectionCount(sdp) === sectionCount(connection.localDescription?.sdp ?? "");
    if (connection.signalingState !== "have-local-offer" || !fits) {
      return;
    }
    await connection.setRemoteDescription({ type: "answer", sdp: withOpusFec(sdp) });
    receivers = new Map(
      receiving.flatMap(({ mid, receiver }) => (mid === null ? [] : [[mid, receiver] as const])),
    );
    sending.applyLimits();
    options.onAnswered();
  }

  return {
    connection,
    sending,
    receiveAnswer: (sdp) => inTurn("taking the media server's answer", () => takeAnswer(sdp)),
    growTo: (pictures) => {
      if (!closed()) {
        growTo(pictures);
      }
    },
    restartIce: () => {
      if (!closed()) {
        connection.restartIce();
      }
    },
    resend: () => {
      if (connection.signalingState === "have-local-offer") {
        sendLocal();
      }
    },
    awaitsAnswer: () => connection.signalingState === "have-local-offer",
    receivers: () => receivers,
    close: () => connection.close(),
  };
}

function sectionCount(sdp: string): number {
  return sdp.match(/^m=/gm)?.length ?? 0;
}
