import type { Report } from "../services/report";
import { coalesced } from "./coalesced";
import { trackKind, type OutgoingTracks, type Slot } from "./description";
import { layerEncodings, linesOf, type LayeredSource } from "./layers";
import { senderLimit } from "./senderLimits";

/**
 * What goes to the media server: a section for each thing that may ever be sent, from the first
 * offer on, so that a camera or a screen comes and goes without another one.
 */
export interface ServerSending {
  setTracks(tracks: OutgoingTracks): void;
  /** The layers of a source that anyone needs; the encoders of the others rest. */
  setNeeded(source: LayeredSource, layers: readonly string[]): void;
  /** Also after a negotiation, as some browsers forget limits that were set before it. */
  applyLimits(): void;
  transceivers(): ReadonlyMap<Slot, RTCRtpTransceiver>;
}

/** The media server tells them apart by their order. */
const ORDER: readonly Slot[] = ["microphone", "camera", "screen", "screen-audio"];

export function createServerSending(
  connection: RTCPeerConnection,
  options: { tracks: OutgoingTracks; phone: boolean; newStream: () => MediaStream; report: Report },
): ServerSending {
  const { phone, report } = options;
  let { tracks } = options;
  const needed = new Map<LayeredSource, readonly string[]>();
  const bySlot = new Map<Slot, RTCRtpTransceiver>();
  /** Brings a sender to what it is to send, by now. */
  const settle = new Map<Slot, () => void>();
  for (const slot of ORDER) {
    const transceiver = connection.addTransceiver(tracks[slot] ?? trackKind(slot), {
      direction: "sendonly",
      streams: [options.newStream()],
      sendEncodings: encodingsOf(slot),
    });
    bySlot.set(slot, transceiver);
    settle.set(
      slot,
      coalesced(() => settleSender(slot, transceiver.sender)),
    );
  }

  function encodingsOf(slot: Slot): RTCRtpEncodingParameters[] {
    if (slot === "microphone" || slot === "screen-audio") {
      const { maxBitrate } = senderLimit(slot, { participants: 0, sharingScreen: false, phone });
      return [{ maxBitrate }];
    }
    return layerEncodings({
      source: slot,
      phone,
      lines: linesOf(tracks[slot]),
      needed: needed.get(slot) ?? null,
    });
  }

  async function settleSender(slot: Slot, sender: RTCRtpSender): Promise<void> {
    if (connection.signalingState === "closed") {
      return;
    }
    try {
      const track = tracks[slot];
      if (sender.track !== track) {
        await sender.replaceTrack(track);
      }
      await setLimits(slot, sender);
    } catch (error) {
      report(`sending ${slot} to the media server`, error);
    }
  }

  async function setLimits(slot: Slot, sender: RTCRtpSender): Promise<void> {
    const parameters = sender.getParameters();
    const wanted = encodingsOf(slot);
    const degradation = slot === "screen" ? "maintain-resolution" : "balanced";
    const same =
      wanted.every((encoding, at) => isAs(parameters.encodings[at], encoding)) &&
      (trackKind(slot) === "audio" || parameters.degradationPreference === degradation);
    if (same || parameters.encodings.length !== wanted.length) {
      return;
    }
    // The rest of each encoding is the browser's own, and has to come back as it was.
    parameters.encodings.forEach((encoding, at) => Object.assign(encoding, wanted[at]));
    if (trackKind(slot) === "video") {
      parameters.degradationPreference = degradation;
    }
    await sender.setParameters(parameters);
  }

  return {
    setTracks: (next) => {
      tracks = next;
      settle.forEach((run) => run());
    },
    setNeeded: (source, layers) => {
      needed.set(source, layers);
      settle.get(source)?.();
    },
    applyLimits: () => settle.forEach((run) => run()),
    transceivers: () => bySlot,
  };
}

function isAs(encoding: RTCRtpEncodingParameters | undefined, wanted: RTCRtpEncodingParameters): boolean {
  return (
    encoding !== undefined &&
    (encoding.active ?? true) === (wanted.active ?? true) &&
    encoding.maxBitrate === wanted.maxBitrate &&
    encoding.maxFramerate === wanted.maxFramerate &&
    (encoding.scaleResolutionDownBy ?? 1) === (wanted.scaleResolutionDownBy ?? 1)
  );
}
