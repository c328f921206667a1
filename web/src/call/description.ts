/**
 * What goes over the wire between two clients: a session description with a few fields of ours
 * beside `type` and `sdp`, which clients of version 1 ignore (docs/adr/0003).
 */

/** What a track is for. */
export type Slot = "microphone" | "camera" | "screen" | "screen-audio";

export type OutgoingTracks = Readonly<Record<Slot, MediaStreamTrack | null>>;

export const NO_TRACKS: OutgoingTracks = {
  microphone: null,
  camera: null,
  screen: null,
  "screen-audio": null,
};

export function trackKind(slot: Slot): "audio" | "video" {
  return slot === "microphone" || slot === "screen-audio" ? "audio" : "video";
}

/** By the `mid` of the media section. */
export type SlotsByMid = Readonly<Record<string, Slot>>;

export interface Extension {
  /** The sender's RTCPeerConnection: another one means that the sender began anew. */
  readonly connection: string;
  /** The receiver's one, when the sender knows it: what is meant for an earlier one is stale. */
  readonly peer: string | null;
  /** Of an offer: its name, which the answer repeats. */
  readonly offer: string;
  /** What the sender sends where. */
  readonly sends: SlotsByMid;
  /** Of an offer: media sections that it holds ready for what the other one sends. */
  readonly receives: SlotsByMid;
}

export interface WireDescription {
  readonly type: "offer" | "answer";
  readonly sdp: string;
  /** Missing in descriptions of clients of version 1. */
  readonly wecall?: Extension;
}

const SLOTS: ReadonlySet<unknown> = new Set<Slot>(["microphone", "camera", "screen", "screen-audio"]);
/** Two media sections for each slot, and as many of an earlier glare, are far below this. */
const MAX_SECTIONS = 32;
const MAX_ID_LENGTH = 64;

/** Reads what another client sent; null when it is no such description. */
export function readDescription(value: unknown): WireDescription | null {
  if (!isRecord(value) || typeof value["sdp"] !== "string") {
    return null;
  }
  const { type, sdp } = value;
  if (type !== "offer" && type !== "answer") {
    return null;
  }
  const extension = readExtension(value["wecall"]);
  return extension === null ? { type, sdp } : { type, sdp, wecall: extension };
}

function readExtension(value: unknown): Extension | null {
  if (!isRecord(value) || !isId(value["connection"]) || !isId(value["offer"])) {
    return null;
  }
  return {
    connection: value["connection"],
    peer: isId(value["peer"]) ? value["peer"] : null,
    offer: value["offer"],
    sends: readSlots(value["sends"]),
    receives: readSlots(value["receives"]),
  };
}

function readSlots(value: unknown): SlotsByMid {
  if (!isRecord(value)) {
    return {};
  }
  const entries = Object.entries(value).filter(([, slot]) => SLOTS.has(slot));
  return Object.fromEntries(entries.slice(0, MAX_SECTIONS)) as Record<string, Slot>;
}

function isId(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_ID_LENGTH;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
