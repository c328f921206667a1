import type { Report } from "../services/report";
import { coalesced } from "./coalesced";
import { NO_TRACKS, trackKind, type OutgoingTracks, type Slot, type SlotsByMid } from "./description";
import { encodingOf, senderLimit, type SendingContext } from "./senderLimits";

/** What one peer connection sends: a transceiver a slot, and the track that is in it now. */
export interface Sending {
  /** As the one who offers first: a section each for microphone and camera. */
  openBasics(): void;
  /** As the one who answers: the offer holds a section ready for the slot. */
  adopt(slot: Slot, transceiver: RTCRtpTransceiver): Promise<void>;
  /** To a client of version 1: its own section carries ours too. */
  share(slot: Slot, transceiver: RTCRtpTransceiver): Promise<void>;
  has(slot: Slot): boolean;
  /** After the first exchange: whatever is to be sent and has no section yet gets one. */
  complete(): void;
  setTracks(tracks: OutgoingTracks): void;
  setContext(context: SendingContext): void;
  /** Also after a negotiation, as some browsers forget limits that were set before it. */
  applyLimits(): void;
  /**
   * The next frame of each picture is a whole one. After an interruption the other side misses
   * what later frames build on, and hopes for repeats for 2 s (measured in Chromium) before it
   * asks for one. Browsers that cannot do it ignore it.
   */
  sendKeyFrames(): void;
  slots(): SlotsByMid;
  transceivers(): Iterable<RTCRtpTransceiver>;
}

/** RTCRtpSender.setParameters() of the WebRTC extensions, which the types lack. */
interface KeyFrameSender extends RTCRtpSender {
  setParameters(
    parameters: RTCRtpSendParameters,
    options?: { encodingOptions: { keyFrame: boolean }[] },
  ): Promise<void>;
}

const BASICS: readonly Slot[] = ["microphone", "camera"];
const SCREEN: readonly Slot[] = ["screen", "screen-audio"];

export function createSending(
  connection: RTCPeerConnection,
  options: {
    /** A client of version 1 expects both directions in one section and one stream in all. */
    legacy: boolean;
    context: SendingContext;
    tracks: OutgoingTracks;
    newStream: () => MediaStream;
    report: Report;
  },
): Sending {
  const { legacy, report } = options;
  const bySlot = new Map<Slot, RTCRtpTransceiver>();
  const sharedStream = legacy ? options.newStream() : null;
  let context = options.context;
  let tracks = forPeer(options.tracks);
  /** Until the first exchange has begun, an added section would make an offer of its own. */
  let begun = false;
  const limiting = new Map<Slot, () => void>();
  const keyFramesDue = new Set<Slot>();

  /** A version 1 client shows one picture: the screen while there is one. */
  function forPeer(all: OutgoingTracks): OutgoingTracks {
    return legacy
      ? { ...NO_TRACKS, microphone: all.microphone, camera: all.screen ?? all.camera }
      : all;
  }

  function open(slot: Slot): void {
    const track = tracks[slot];
    const transceiver = connection.addTransceiver(track ?? trackKind(slot), {
      direction: legacy ? "sendrecv" : "sendonly",
      streams: [sharedStream ?? options.newStream()],
      sendEncodings: [encodingOf(limitOf(slot), track)],
    });
    bySlot.set(slot, transceiver);
  }

  function limitOf(slot: Slot): ReturnType<typeof senderLimit> {
    // What a version 1 client sees in place of the camera is limited like what it is.
    const shown = legacy && slot === "camera" && context.sharingScreen ? "screen" : slot;
    return senderLimit(shown, context);
  }

  async function take(slot: Slot, transceiver: RTCRtpTransceiver, direction: "sendonly" | "sendrecv"): Promise<void> {
    bySlot.set(slot, transceiver);
    transceiver.direction = direction;
    // Missing in some browsers; only clients of version 1 look at streams.
    transceiver.sender.setStreams?.(sharedStream ?? options.newStream());
    await transceiver.sender.replaceTrack(tracks[slot]);
  }

  function putTrack(slot: Slot, transceiver: RTCRtpTransceiver): void {
    const track = tracks[slot];
    if (transceiver.sender.track === track) {
      return;
    }
    transceiver.sender
      .replaceTrack(track)
      .then(() => applyLimit(slot, transceiver))
      .catch((error: unknown) => report(`replacing the track of ${slot}`, error));
  }

  function updateScreen(slot: Slot): void {
    const transceiver = bySlot.get(slot);
    const wanted = tracks[slot] !== null;
    if (transceiver === undefined) {
      if (wanted && begun) {
        open(slot);
      }
      return;
    }
    const direction = wanted ? "sendonly" : "inactive";
    if (transceiver.direction !== direction) {
      transceiver.direction = direction;
    }
    putTrack(slot, transceiver);
  }

  function applyLimit(slot: Slot, transceiver: RTCRtpTransceiver): void {
    const apply = limiting.get(slot) ?? coalesced(() => setLimit(slot, transceiver));
    limiting.set(slot, apply);
    apply();
  }

  async function setLimit(slot: Slot, transceiver: RTCRtpTransceiver): Promise<void> {
    const keyFrame = keyFramesDue.delete(slot);
    if (connection.signalingState === "closed") {
      return;
    }
    const sender: KeyFrameSender = transceiver.sender;
    const parameters = sender.getParameters();
    const [encoding] = parameters.encodings;
    if (encoding === undefined) {
      return;
    }
    const limit = limitOf(slot);
    const wanted = encodingOf(limit, tracks[slot]);
    const same =
      encoding.maxBitrate === wanted.maxBitrate &&
      encoding.maxFramerate === wanted.maxFramerate &&
      (encoding.scaleResolutionDownBy ?? 1) === (wanted.scaleResolutionDownBy ?? 1) &&
      (limit.degradation === undefined || parameters.degradationPreference === limit.degradation);
    if (same && !keyFrame) {
      return;
    }
    Object.assign(encoding, wanted);
    if (limit.degradation !== undefined) {
      parameters.degradationPreference = limit.degradation;
    }
    try {
      await sender.setParameters(parameters, { encodingOptions: parameters.encodings.map(() => ({ keyFrame })) });
    } catch (error) {
      // Without the limit the call works, only with more load.
      report(`limiting ${slot}`, error);
    }
  }

  return {
    openBasics: () => {
      begun = true;
      for (const slot of BASICS) {
        open(slot);
      }
      if (!legacy) {
        SCREEN.forEach(updateScreen);
      }
    },
    adopt: (slot, transceiver) => take(slot, transceiver, "sendonly"),
    share: (slot, transceiver) => take(slot, transceiver, "sendrecv"),
    has: (slot) => bySlot.has(slot),
    complete: () => {
      begun = true;
      if (legacy) {
        return;
      }
      for (const slot of BASICS) {
        if (!bySlot.has(slot)) {
          open(slot);
        }
      }
      SCREEN.forEach(updateScreen);
    },
    setTracks: (all) => {
      tracks = forPeer(all);
      for (const slot of BASICS) {
        const transceiver = bySlot.get(slot);
        if (transceiver !== undefined) {
          putTrack(slot, transceiver);
        }
      }
      if (!legacy) {
        SCREEN.forEach(updateScreen);
      }
    },
    setContext: (next) => {
      context = next;
      bySlot.forEach((transceiver, slot) => applyLimit(slot, transceiver));
    },
    applyLimits: () => bySlot.forEach((transceiver, slot) => applyLimit(slot, transceiver)),
    sendKeyFrames: () => {
      for (const [slot, transceiver] of bySlot) {
        if (trackKind(slot) === "video" && transceiver.sender.track !== null) {
          keyFramesDue.add(slot);
          applyLimit(slot, transceiver);
        }
      }
    },
    slots: () => {
      const sent: Record<string, Slot> = {};
      for (const [slot, { mid, direction }] of bySlot) {
        if (mid !== null && (direction === "sendonly" || direction === "sendrecv")) {
          sent[mid] = slot;
        }
      }
      return sent;
    },
    transceivers: () => bySlot.values(),
  };
}
