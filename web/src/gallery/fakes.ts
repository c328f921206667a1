/** Static view models: what the engine would show, without one. */
import type {
  CallNotice,
  CallState,
  CallStats,
  ChatEntry,
  LocalMediaState,
  MediaFailure,
  Observable,
  Participant,
  RoomView,
} from "../call/model";
import type { CallActions, DeviceActions } from "../components/callActions";
import { figureStream } from "./pictures";

export const NAMES = [
  "Ada Lovelace",
  "Grace Hopper",
  "Alan T.",
  "Mary Jackson",
  "Li Na",
  "José Álvarez-Fernández",
  "Katherine Johnson",
  "Edsger Dijkstra",
  "Radia Perlman",
  "Annie Easley",
  "Karen Spärck Jones",
  "Niklaus W.",
  "Joan Clarke",
  "Wang Xiaoyun",
  "Dorothy Vaughan",
  "Barbara Liskov",
  "Srinivasa Ramanujan",
  "Hedy Lamarr",
  "Anita Borg",
];
/** A fixed moment, so that pictures can be compared. */
export const NOW = Date.UTC(2026, 2, 14, 9, 30);

export function constant<T>(value: T): Observable<T> {
  return { get: () => value, subscribe: () => () => undefined };
}

const nothing = (): void => undefined;

export const actions: CallActions = {
  setMicrophone: nothing,
  setCamera: nothing,
  setScreen: nothing,
  setHand: nothing,
  react: nothing,
  rename: nothing,
  sendChat: nothing,
  retryChat: nothing,
  dismissNotice: nothing,
  lowerMicrophone: nothing,
  removeParticipant: nothing,
  transferHost: nothing,
  setLocked: nothing,
  endCall: nothing,
  setView: nothing,
  setQuality: nothing,
  leave: nothing,
};

export const deviceActions: DeviceActions = {
  selectMicrophone: nothing,
  selectCamera: nothing,
  selectSpeaker: nothing,
  flipCamera: nothing,
};

export const room: RoomView = {
  roomId: "ABCD2345",
  name: "Team meeting",
  locked: false,
  maxParticipants: 8,
  createdAt: NOW,
  expiresAt: null,
};

export function person(index: number, changes: Partial<Participant> = {}): Participant {
  const camera = changes.media?.camera ?? true;
  return {
    peerId: `peer-${index}`,
    name: NAMES[index % NAMES.length] ?? "Ada",
    role: "participant",
    media: { microphone: true, camera: true, screen: false },
    handRaisedAt: null,
    capabilities: ["resume", "media-state"],
    connection: "connected",
    audio: null,
    camera: camera ? figureStream(index) : null,
    screen: null,
    screenAudio: null,
    path: "mesh",
    reach: null,
    publisher: false,
    cameraPaused: false,
    cameraShown: camera,
    speaking: false,
    ...changes,
  };
}

export function callState(
  participants: readonly Participant[],
  changes: Partial<CallState> = {},
): CallState {
  return {
    phase: { kind: "joined", signaling: { kind: "open" } },
    room,
    self: { peerId: "self", name: "Emmy Noether", role: "host", handRaisedAt: null, speaking: false },
    participants,
    chat: [],
    reactions: [],
    notices: [],
    topology: "mesh",
    media: "idle",
    mediaFrom: 5,
    mediaPorts: { udp: [7882], tcp: [7882] },
    selfReach: null,
    quality: "auto",
    loudest: null,
    serverAudio: [],
    ...changes,
  };
}

function device(kind: MediaDeviceKind, label: string): MediaDeviceInfo {
  return { deviceId: label, groupId: "", kind, label, toJSON: () => label };
}

export function media(changes: Partial<LocalMediaState> = {}): LocalMediaState {
  return {
    microphone: { kind: "live", stream: new MediaStream() },
    camera: { kind: "live", stream: figureStream(4) },
    screen: { kind: "off" },
    devices: {
      microphones: [device("audioinput", "Built-in microphone"), device("audioinput", "USB headset")],
      cameras: [device("videoinput", "Front camera"), device("videoinput", "Back camera")],
      speakers: [device("audiooutput", "Built-in speakers")],
    },
    selected: { microphone: "USB headset", camera: "Front camera", speaker: null },
    ...changes,
  };
}

export function without(failure: MediaFailure): LocalMediaState {
  return media({ microphone: { kind: "failed", failure }, camera: { kind: "failed", failure } });
}

export const level = constant(0.45);

export function stats(participants: readonly Participant[]): Observable<CallStats> {
  return constant({
    peers: new Map(
      participants.map(({ peerId }, index) => [
        peerId,
        {
          roundTripMs: 18 + index * 23,
          path: index === 1 ? ("relay" as const) : ("host" as const),
          sendKbps: 812.4,
          receiveKbps: 1_204.8,
          packetLoss: index * 0.013,
          framesPerSecond: 29.6,
          frameWidth: 1280,
          frameHeight: 720,
        },
      ]),
    ),
    server: null,
  });
}

/** Of a call over the media server: two sizes sent, and what comes in the slots. */
export function serverStats(participants: readonly Participant[]): Observable<CallStats> {
  const layers = [
    { rid: "q", active: true, width: 320, height: 180, fps: 15, kbps: 148 },
    { rid: "h", active: true, width: 640, height: 360, fps: 30, kbps: 503 },
    { rid: "f", active: false, width: null, height: null, fps: null, kbps: 0 },
  ];
  return constant({
    peers: new Map(),
    server: {
      state: "connected",
      transport: "udp",
      estimateKbps: 4210,
      allocatedKbps: 3380,
      desiredKbps: 5200,
      roundTripMs: 31.4,
      lossToClient: 0.012,
      lossFromClient: 0,
      sending: [
        ...layers.map((layer) => ({ source: "camera" as const, ...layer })),
        { source: "microphone", rid: "", active: true, width: null, height: null, fps: null, kbps: 34 },
      ],
      slots: participants.map(({ peerId, cameraPaused }, index) => ({
        mid: String(index + 4),
        peerId,
        source: "camera",
        layer: cameraPaused ? null : index === 0 ? "h" : "q",
        paused: cameraPaused,
        width: cameraPaused ? null : index === 0 ? 640 : 320,
        height: cameraPaused ? null : index === 0 ? 360 : 180,
        fps: cameraPaused ? null : 15,
        kbps: cameraPaused ? 0 : 140 + index,
      })),
    },
  });
}

/** `count` others in a room that goes over its media server. */
export function crowd(count: number, changes: Partial<CallState> = {}): CallState {
  const people = Array.from({ length: count }, (_, index) =>
    person(index, {
      path: "sfu",
      reach: "udp",
      ...(index === 0 && { role: "host" as const }),
      ...(index % 7 === 3 && { media: { microphone: true, camera: false, screen: false }, camera: null }),
      ...(index % 4 === 2 && { media: { microphone: false, camera: true, screen: false } }),
      ...(index === 1 && { speaking: true }),
    }),
  );
  return callState(people, {
    room: { ...room, maxParticipants: 100 },
    topology: "sfu",
    media: "connected",
    selfReach: "udp",
    loudest: "peer-1",
    ...changes,
  });
}

export const chat: readonly ChatEntry[] = [
  entry(1, "peer-0", "Ada Lovelace", "Good morning! The notes are at https://example.org/notes/2026-03 (page 2)."),
  entry(2, "peer-0", "Ada Lovelace", "Shall we start?"),
  entry(3, "self", "Emmy Noether", "Yes, two minutes.\nGetting coffee ☕", { own: true }),
  entry(4, "peer-1", "Grace Hopper", "I found a bug. An actual one, in the relay."),
  entry(5, "self", "Emmy Noether", "Tape it into the log book", { own: true, status: "sending" }),
  entry(6, "self", "Emmy Noether", "This one was refused", { own: true, status: { refused: "rate-limited" } }),
];

/** While the server cannot reach what all nodes share: one message was given back, others wait. */
export const chatOfBusyServer: readonly ChatEntry[] = [
  ...chat.slice(0, 4),
  entry(5, "self", "Emmy Noether", "Tape it into the log book", { own: true, status: { refused: "unavailable" } }),
  entry(6, "self", "Emmy Noether", "1947-09-09, 15:45", { own: true, status: "sending" }),
  entry(7, "self", "Emmy Noether", "☕", { own: true, status: "sending" }),
];

function entry(
  id: number,
  peerId: string,
  name: string,
  text: string,
  changes: Partial<ChatEntry> = {},
): ChatEntry {
  return {
    key: String(id),
    peerId,
    name,
    text,
    sentAt: NOW + id * 40_000,
    own: false,
    status: "sent",
    ...changes,
  };
}

export const notices: readonly CallNotice[] = [
  { id: 1, kind: "joined", name: "Grace Hopper" },
  { id: 2, kind: "hand-raised", name: "Alan T." },
  { id: 3, kind: "microphone-lowered", by: "Ada Lovelace" },
];
