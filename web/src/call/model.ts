/**
 * What the call engine shows to the outside: immutable snapshots, one tagged union where
 * something can be in one of several states. Text for people is not in here; the engine emits codes.
 */
import type {
  Capability,
  ErrorCode,
  MediaSource,
  MediaState,
  PeerId,
  Reach,
  Reaction,
  Role,
  RoomId,
  Topology,
} from "../protocol/generated";
import type { MediaPorts } from "./mediaPorts";

/** Where the call is in its life. */
export type CallPhase =
  | { kind: "idle" }
  /** `join` is under way; the signaling client retries by itself while the server is away. */
  | { kind: "joining"; signaling: SignalingStatus }
  | { kind: "joined"; signaling: SignalingStatus }
  /** The server refused to let us in. */
  | { kind: "refused"; code: ErrorCode }
  | { kind: "over"; reason: CallEnd };

export type CallEnd =
  | "left"
  | "removed"
  | "ended-by-host"
  | "expired"
  /** Another tab took this session up. */
  | "taken-elsewhere"
  /** Back after so long that the room is gone. */
  | "room-gone";

export type SignalingStatus =
  | { kind: "connecting" }
  | { kind: "open" }
  /** Media goes on meanwhile. `nextAttemptAt` is on the clock of `performance.now()`. */
  | { kind: "reconnecting"; since: number; attempt: number; nextAttemptAt: number | null };

/** How the connection to the room's media server is. */
export type MediaServerState =
  /** The room has none. */
  | "none"
  /** It is there, and not needed: media goes from browser to browser. */
  | "idle"
  | PeerConnectionState;

/** How much of the others' pictures is asked for, by the person's own choice. */
export type CallQuality = "auto" | "low" | "audio-only";

/** How the media path to a participant is. */
export type PeerConnectionState = "connecting" | "connected" | "reconnecting" | "failed";

export interface Participant {
  readonly peerId: PeerId;
  readonly name: string;
  readonly role: Role;
  readonly media: MediaState;
  /** Milliseconds since the Unix epoch; null when the hand is down. */
  readonly handRaisedAt: number | null;
  readonly capabilities: readonly Capability[];
  readonly connection: PeerConnectionState;
  /** By which way they get all that they are to get. */
  readonly path: Topology;
  /** How they reach the media server, as far as they have tried. */
  readonly reach: Reach | null;
  /** Sends by WHIP, and neither sees nor hears the others. */
  readonly publisher: boolean;
  /**
   * Microphone. Silence it while `media.microphone` is false (a host may have lowered it). Null
   * while it comes with the others' in `CallState.serverAudio`.
   */
  readonly audio: MediaStream | null;
  readonly camera: MediaStream | null;
  readonly screen: MediaStream | null;
  /** The shared screen's sound; null as `audio` is. */
  readonly screenAudio: MediaStream | null;
  /** Their picture is asked for, and does not flow: the own connection is too narrow for it. */
  readonly cameraPaused: boolean;
  /** Their picture has a place on the way to us, whether it flows or not. */
  readonly cameraShown: boolean;
  readonly speaking: boolean;
}

export interface SelfParticipant {
  readonly peerId: PeerId;
  readonly name: string;
  readonly role: Role;
  readonly handRaisedAt: number | null;
  readonly speaking: boolean;
}

export interface ChatEntry {
  /** Stable over its life: the client's reference for own messages, the server's id for others. */
  readonly key: string;
  readonly peerId: PeerId;
  readonly name: string;
  readonly text: string;
  /** Milliseconds since the Unix epoch. */
  readonly sentAt: number;
  readonly own: boolean;
  readonly status: "sending" | "sent" | { readonly refused: ErrorCode };
}

export interface ShownReaction {
  readonly id: number;
  readonly peerId: PeerId;
  readonly reaction: Reaction;
}

/** Something to tell once, in a toast. */
export type CallNotice = { readonly id: number } & (
  | { readonly kind: "joined" | "left" | "lost" | "removed"; readonly name: string }
  | { readonly kind: "microphone-lowered"; readonly by: string }
  | { readonly kind: "now-host" | "no-longer-host" }
  | { readonly kind: "locked" | "unlocked"; readonly by: string }
  | { readonly kind: "hand-raised"; readonly name: string }
  | { readonly kind: "refused"; readonly code: ErrorCode }
  | { readonly kind: "expires-soon"; readonly minutes: number }
);

export interface RoomView {
  readonly roomId: RoomId;
  readonly name: string | null;
  readonly locked: boolean;
  readonly maxParticipants: number;
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
  readonly expiresAt: number | null;
}

export interface CallState {
  readonly phase: CallPhase;
  readonly room: RoomView | null;
  readonly self: SelfParticipant | null;
  /** The others, in the order in which they joined. */
  readonly participants: readonly Participant[];
  readonly chat: readonly ChatEntry[];
  readonly reactions: readonly ShownReaction[];
  readonly notices: readonly CallNotice[];
  /** How the room's media flows, or is about to. */
  readonly topology: Topology;
  readonly media: MediaServerState;
  /** From how many participants on the room goes over its media server; null when it has none. */
  readonly mediaFrom: number | null;
  /** Where the media server is, for whoever has to open a firewall; null while it was not asked. */
  readonly mediaPorts: MediaPorts | null;
  /** How the media server can be reached from here; null while that was not tried. */
  readonly selfReach: Reach | null;
  readonly quality: CallQuality;
  /** Who speaks loudest of the others, or spoke last: it does not change with each word. */
  readonly loudest: PeerId | null;
  /**
   * What the media server sends of voices and of the sound of screens. Each is played once;
   * whose it is changes, and is silenced in here while it has to be.
   */
  readonly serverAudio: readonly MediaStream[];
}

/** Why a camera, microphone or screen cannot be had. */
export type MediaFailure =
  /** The page was refused in the browser. */
  | "denied-by-browser"
  /** The operating system refuses the browser. */
  | "denied-by-system"
  /** The browser's dialog was closed without an answer. */
  | "dismissed"
  | "not-found"
  /** Another program holds it. */
  | "busy"
  /** Plain HTTP on an address other than localhost: browsers give no devices there. */
  | "insecure-context"
  | "unsupported"
  | "unknown";

export type LocalTrackState =
  | { kind: "off" }
  | { kind: "starting" }
  | { kind: "live"; stream: MediaStream }
  | { kind: "failed"; failure: MediaFailure };

export interface LocalMediaState {
  readonly microphone: LocalTrackState;
  readonly camera: LocalTrackState;
  readonly screen: LocalTrackState;
  readonly devices: {
    readonly microphones: readonly MediaDeviceInfo[];
    readonly cameras: readonly MediaDeviceInfo[];
    readonly speakers: readonly MediaDeviceInfo[];
  };
  readonly selected: {
    readonly microphone: string | null;
    readonly camera: string | null;
    readonly speaker: string | null;
  };
}

/** A value that changes, and tells. The bridge hook is `useSyncExternalStore(subscribe, get)`. */
export interface Observable<T> {
  get(): T;
  subscribe(listener: () => void): () => void;
}

/** The own camera, microphone and screen. Lives before, during and after a call. */
export interface LocalMedia {
  readonly state: Observable<LocalMediaState>;
  /** 0 to 1, also while the microphone is muted; measured while somebody subscribes. */
  readonly microphoneLevel: Observable<number>;
  /**
   * Switches both on with one question to the person, where the browser can ask for both at
   * once; if one of them cannot be had, the other is tried alone.
   */
  start(wanted: { readonly microphone: boolean; readonly camera: boolean }): Promise<void>;
  setMicrophone(on: boolean): Promise<void>;
  setCamera(on: boolean): Promise<void>;
  /** Resolves when sharing has started, or was dismissed. */
  setScreen(on: boolean): Promise<void>;
  selectMicrophone(deviceId: string): Promise<void>;
  selectCamera(deviceId: string): Promise<void>;
  selectSpeaker(deviceId: string): Promise<void>;
  /** Phones: the other camera. */
  flipCamera(): Promise<void>;
  dispose(): void;
}

export interface ViewTile {
  readonly peerId: PeerId;
  readonly source: "camera" | "screen";
  /** In pixels of the display. */
  readonly width: number;
  readonly height: number;
}

export interface CallViewRequest {
  /** The most important first. */
  readonly tiles: readonly ViewTile[];
  /** Whom the person wants to see well, whatever else there is. */
  readonly pinned: PeerId | null;
  readonly quality: CallQuality;
}

export interface JoinOptions {
  readonly roomId: RoomId;
  readonly name: string;
  readonly hostToken: string | null;
}

export interface Call {
  readonly state: Observable<CallState>;
  /** Opens what `join` will need, so that joining is quick. For the page before the call. */
  prepare(): void;
  join(options: JoinOptions): void;
  leave(): void;
  rename(name: string): void;
  sendChat(text: string): void;
  retryChat(key: string): void;
  react(reaction: Reaction): void;
  setHand(raised: boolean): void;
  /** Which pictures are on the page, and how large. What is not named is not received. */
  setView(view: CallViewRequest): void;
  setQuality(quality: CallQuality): void;
  dismissNotice(id: number): void;
  /** Host actions; the server enforces who may. */
  lowerMicrophone(peerId: PeerId): void;
  removeParticipant(peerId: PeerId): void;
  setLocked(locked: boolean): void;
  transferHost(peerId: PeerId): void;
  endCall(): void;
  /** For the stats panel: sampled every second while somebody subscribes. */
  readonly stats: Observable<CallStats>;
  dispose(): void;
}

export interface CallStats {
  /** Of the connections from browser to browser. */
  readonly peers: ReadonlyMap<PeerId, PeerStats>;
  /** Of the connection to the media server; null while there is none. */
  readonly server: ServerStats | null;
}

export interface ServerStats {
  readonly state: PeerConnectionState;
  readonly transport: Exclude<Reach, "nothing"> | null;
  /** What the path to here carries, what the pictures were given of it, and what they would like. */
  readonly estimateKbps: number | null;
  readonly allocatedKbps: number | null;
  readonly desiredKbps: number | null;
  readonly roundTripMs: number | null;
  /** Shares of packets, from 0 to 1, as the server counts them. */
  readonly lossToClient: number | null;
  readonly lossFromClient: number | null;
  readonly sending: readonly SentLayer[];
  readonly slots: readonly ReceivedSlot[];
}

export interface SentLayer {
  readonly source: MediaSource;
  /** "" where there is only one. */
  readonly rid: string;
  readonly active: boolean;
  readonly width: number | null;
  readonly height: number | null;
  readonly fps: number | null;
  readonly kbps: number;
}

export interface ReceivedSlot {
  readonly mid: string;
  /** Null while it is empty. */
  readonly peerId: PeerId | null;
  readonly source: MediaSource | null;
  readonly layer: string | null;
  readonly paused: boolean;
  readonly width: number | null;
  readonly height: number | null;
  readonly fps: number | null;
  readonly kbps: number;
}

export interface PeerStats {
  readonly roundTripMs: number | null;
  /** "host" is the local network, "relay" a TURN server. */
  readonly path: "host" | "srflx" | "prflx" | "relay" | null;
  readonly sendKbps: number;
  readonly receiveKbps: number;
  /** 0 to 1, over the last sample, of what was received. */
  readonly packetLoss: number;
  readonly framesPerSecond: number | null;
  readonly frameWidth: number | null;
  readonly frameHeight: number | null;
}

/** The same call in other tabs of this browser. */
export interface OtherTabs {
  /** Whether another tab is in this room. */
  inCall(roomId: RoomId): Observable<boolean>;
  /** The other tab leaves; its page says that the call goes on elsewhere. */
  takeOver(roomId: RoomId): void;
}
