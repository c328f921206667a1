import type { Report } from "../services/report";
import { preferCodecs } from "./codecs";
import type { Extension, OutgoingTracks, Slot, SlotsByMid, WireDescription } from "./description";
import { trackKind } from "./description";
import { withOpusFec } from "./opusFec";
import { createSending, type Sending } from "./sending";
import type { SendingContext } from "./senderLimits";

/**
 * One RTCPeerConnection and its negotiation: the "perfect negotiation" of the W3C specification
 * (section 10.7), with our slots in place of streams.
 */
export interface Link {
  readonly id: string;
  /** The other side's `Extension.connection`, once known. */
  remoteConnection(): string | null;
  /** Offers, as the newcomer does. */
  start(): void;
  receive(description: WireDescription): void;
  addCandidate(candidate: RTCIceCandidateInit): void;
  readonly sending: Sending;
  restartIce(): void;
  /** An offer of ours that has no answer yet is sent again; it may have been lost. */
  resend(): void;
  awaitsAnswer(): boolean;
  /** What comes in, by its purpose. */
  receivers(): ReadonlyMap<Slot, RTCRtpReceiver>;
  close(): void;
}

export interface LinkOptions {
  readonly id: string;
  readonly connection: RTCPeerConnection;
  readonly legacy: boolean;
  /** Gives way when two offers cross. */
  readonly polite: boolean;
  readonly tracks: OutgoingTracks;
  readonly context: SendingContext;
  /** Sections held ready in the first offer for what the other one sends. */
  readonly expects: readonly Slot[];
  readonly newId: () => string;
  readonly newStream: () => MediaStream;
  readonly codecs: (kind: string) => RTCRtpCapabilities | null;
  readonly report: Report;
  readonly onDescription: (description: WireDescription) => void;
  readonly onCandidate: (candidate: RTCIceCandidateInit) => void;
  readonly onReceivers: () => void;
}

/** Browsers gather a handful a network interface and transport; hostile senders get no more. */
const MAX_QUEUED_CANDIDATES = 64;

export function createLink(options: LinkOptions): Link {
  const { connection, legacy, report } = options;
  const sending = createSending(connection, options);
  const expected = new Map<RTCRtpTransceiver, Slot>();
  const queued: RTCIceCandidateInit[] = [];
  let receivers: ReadonlyMap<Slot, RTCRtpReceiver> = new Map();
  let remoteConnection: string | null = null;
  let pendingOffer: string | null = null;
  let ignoringOffer = false;
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

  connection.addEventListener("negotiationneeded", () => inTurn("offering", offer));
  connection.addEventListener("icecandidate", ({ candidate }) => {
    if (candidate !== null && candidate.candidate !== "") {
      options.onCandidate(candidate.toJSON());
    }
  });

  async function offer(): Promise<void> {
    // In any other state, the event comes again with the return to `stable`.
    const firstOnly = legacy && connection.currentLocalDescription !== null;
    if (connection.signalingState !== "stable" || firstOnly) {
      return;
    }
    for (const transceiver of [...sending.transceivers(), ...expected.keys()]) {
      preferCodecs(transceiver, options.codecs);
    }
    await connection.setLocalDescription();
    pendingOffer = options.newId();
    sendLocal(pendingOffer);
  }

  function sendLocal(offerId: string): void {
    const local = connection.localDescription;
    if (local === null || (local.type !== "offer" && local.type !== "answer")) {
      return;
    }
    const wecall: Extension = {
      connection: options.id,
      peer: remoteConnection,
      offer: offerId,
      sends: sending.slots(),
      receives: local.type === "offer" ? expectedByMid() : {},
    };
    options.onDescription({ type: local.type, sdp: withOpusFec(local.sdp), wecall });
  }

  function expectedByMid(): SlotsByMid {
    const slots: Record<string, Slot> = {};
    for (const [{ mid }, slot] of expected) {
      if (mid !== null) {
        slots[mid] = slot;
      }
    }
    return slots;
  }

  async function receiveOffer({ sdp, wecall }: WireDescription): Promise<void> {
    ignoringOffer = connection.signalingState !== "stable" && !options.polite;
    if (ignoringOffer) {
      return;
    }
    // Our own offer, if there is one, is rolled back by this.
    await connection.setRemoteDescription({ type: "offer", sdp: withOpusFec(sdp) });
    pendingOffer = null;
    await addQueued();
    if (wecall === undefined) {
      await shareSections();
    } else {
      remoteConnection = wecall.connection;
      await fillSections(wecall.receives);
    }
    for (const transceiver of connection.getTransceivers()) {
      if (transceiver.mid !== null) {
        preferCodecs(transceiver, options.codecs);
      }
    }
    await connection.setLocalDescription();
    sendLocal(wecall?.offer ?? "");
    settled(wecall);
  }

  async function receiveAnswer({ sdp, wecall }: WireDescription): Promise<void> {
    const answersPending = wecall === undefined || wecall.offer === pendingOffer;
    if (connection.signalingState !== "have-local-offer" || !answersPending) {
      return;
    }
    await connection.setRemoteDescription({ type: "answer", sdp: withOpusFec(sdp) });
    pendingOffer = null;
    ignoringOffer = false;
    remoteConnection = wecall?.connection ?? remoteConnection;
    await addQueued();
    settled(wecall);
  }

  /** The offer's empty sections carry what we send. */
  async function fillSections(sections: SlotsByMid): Promise<void> {
    for (const transceiver of connection.getTransceivers()) {
      const slot = transceiver.mid === null ? undefined : sections[transceiver.mid];
      const fits = slot !== undefined && transceiver.receiver.track.kind === trackKind(slot);
      if (fits && !sending.has(slot)) {
        await sending.adopt(slot, transceiver);
      }
    }
  }

  async function shareSections(): Promise<void> {
    for (const transceiver of connection.getTransceivers()) {
      const slot: Slot = transceiver.receiver.track.kind === "audio" ? "microphone" : "camera";
      if (transceiver.mid !== null && transceiver.direction !== "stopped" && !sending.has(slot)) {
        await sending.share(slot, transceiver);
      }
    }
  }

  function settled(wecall: Extension | undefined): void {
    const found = new Map<Slot, RTCRtpReceiver>();
    for (const { mid, receiver, currentDirection } of connection.getTransceivers()) {
      if (mid === null || currentDirection === "inactive" || currentDirection === "stopped") {
        continue;
      }
      const { kind } = receiver.track;
      const slot = wecall === undefined ? (kind === "audio" ? "microphone" : "camera") : wecall.sends[mid];
      if (slot !== undefined && trackKind(slot) === kind) {
        found.set(slot, receiver);
      }
    }
    receivers = found;
    sending.complete();
    sending.applyLimits();
    options.onReceivers();
  }

  async function addQueued(): Promise<void> {
    for (const candidate of queued.splice(0)) {
      await addOne(candidate);
    }
  }

  async function addOne(candidate: RTCIceCandidateInit): Promise<void> {
    try {
      await connection.addIceCandidate(candidate);
    } catch (error) {
      // One of several paths is lost, at most.
      report("adding a candidate", error);
    }
  }

  return {
    id: options.id,
    sending,
    remoteConnection: () => remoteConnection,
    start: () => {
      sending.openBasics();
      if (!legacy) {
        for (const slot of options.expects) {
          expected.set(connection.addTransceiver(trackKind(slot), { direction: "recvonly" }), slot);
        }
      }
    },
    receive: (description) =>
      inTurn(`taking an ${description.type}`, () =>
        description.type === "offer" ? receiveOffer(description) : receiveAnswer(description),
      ),
    addCandidate: (candidate) =>
      inTurn("adding a candidate", async () => {
        if (ignoringOffer) {
          return;
        }
        if (connection.remoteDescription !== null) {
          await addOne(candidate);
        } else if (queued.length < MAX_QUEUED_CANDIDATES) {
          queued.push(candidate);
        }
      }),
    restartIce: () => {
      if (!legacy && !closed()) {
        connection.restartIce();
      }
    },
    resend: () => {
      if (connection.signalingState === "have-local-offer" && pendingOffer !== null) {
        sendLocal(pendingOffer);
      }
    },
    awaitsAnswer: () => connection.signalingState === "have-local-offer",
    receivers: () => receivers,
    close: () => connection.close(),
  };
}
