/** From the call's state to what tiles show. */
import type {
  CallState,
  LocalMediaState,
  LocalTrackState,
  Participant,
  PeerConnectionState,
} from "../call/model";
import type { PeerId } from "../protocol/generated";

/** Flat, so that a tile renders again only when something in it changes. */
export interface TileView {
  readonly key: string;
  readonly peerId: PeerId;
  readonly self: boolean;
  readonly kind: "camera" | "screen";
  readonly name: string;
  readonly stream: MediaStream | null;
  readonly connection: PeerConnectionState;
  readonly microphone: boolean;
  readonly camera: boolean;
  readonly speaking: boolean;
  readonly hand: boolean;
  readonly host: boolean;
  /** A camera that sends, and whose picture the own connection is too narrow for. */
  readonly paused: boolean;
  /** A stream from a program, which neither sees nor hears the others. */
  readonly publisher: boolean;
}

/** The parts of the own media that the tiles show; the level of the microphone is not one. */
export type OwnMedia = Pick<LocalMediaState, "microphone" | "camera" | "screen">;

export function tilesOf(call: CallState, own: OwnMedia): readonly TileView[] {
  const withPictures = call.quality !== "audio-only";
  const tiles = call.participants.flatMap((participant) => remoteTiles(participant, withPictures));
  if (call.self === null) return tiles;
  const self = {
    peerId: call.self.peerId,
    self: true,
    name: call.self.name,
    connection: "connected",
    microphone: own.microphone.kind === "live",
    camera: own.camera.kind === "live",
    host: call.self.role === "host",
    paused: false,
    publisher: false,
  } as const;
  if (own.screen.kind === "live") {
    tiles.push({
      ...self,
      key: `${self.peerId}/screen`,
      kind: "screen",
      stream: own.screen.stream,
      speaking: false,
      hand: false,
    });
  }
  tiles.push({
    ...self,
    key: self.peerId,
    kind: "camera",
    stream: streamOf(own.camera),
    speaking: call.self.speaking && self.microphone,
    hand: call.self.handRaisedAt !== null,
  });
  return tiles;
}

function streamOf(track: LocalTrackState): MediaStream | null {
  return track.kind === "live" ? track.stream : null;
}

function remoteTiles(participant: Participant, withPictures: boolean): TileView[] {
  const { peerId, name, connection, media } = participant;
  const shared = {
    peerId,
    self: false,
    name,
    connection,
    microphone: media.microphone,
    camera: media.camera,
    host: participant.role === "host",
    publisher: participant.publisher,
  } as const;
  const camera: TileView = {
    ...shared,
    key: peerId,
    kind: "camera",
    stream: withPictures ? participant.camera : null,
    paused: withPictures && media.camera && participant.cameraPaused,
    speaking: participant.speaking && media.microphone,
    hand: participant.handRaisedAt !== null,
  };
  if (!media.screen) return [camera];
  const screen: TileView = {
    ...shared,
    key: `${peerId}/screen`,
    kind: "screen",
    stream: withPictures ? participant.screen : null,
    speaking: false,
    hand: false,
    paused: false,
  };
  return [screen, camera];
}
