import type { PeerId } from "../protocol/generated";
import { createArrivals } from "./arrivals";
import type { Slot } from "./description";
import type { PeerConnectionState } from "./model";
import type { Peer } from "./peer";
import { EMPTY_ROOM, type Member, type RoomState } from "./roomState";
import type { ServerConnections } from "./serverConnections";
import { createStreamChoice, type Candidate } from "./streamChoice";

/** What comes from a participant, by whichever way. */
export interface MemberMedia {
  readonly connection: PeerConnectionState;
  readonly audio: MediaStream | null;
  readonly camera: MediaStream | null;
  readonly screen: MediaStream | null;
  readonly screenAudio: MediaStream | null;
  readonly cameraPaused: boolean;
  readonly cameraShown: boolean;
}

const BASICS: readonly Slot[] = ["microphone", "camera"];
const SLOTS: readonly Slot[] = [...BASICS, "screen", "screen-audio"];

/** Puts together what comes from everyone, each thing from one way at a time. */
export interface MemberMediaSource {
  /** The room, or what comes, is other than before. */
  update(room: RoomState): void;
  /** What they send comes from browser to browser, and keeps coming. */
  comesDirectly(member: Member): boolean;
  of(member: Member): MemberMedia;
  /**
   * What the media server sends of voices and of the sound of screens. It is played as a whole:
   * in it, whatever is not to be heard is silenced.
   */
  serverAudio(): readonly MediaStream[];
}

export function createMemberMedia({
  peers,
  servers,
}: {
  peers: () => ReadonlyMap<PeerId, Peer>;
  servers: () => Pick<ServerConnections, "all" | "current" | "state" | "candidates">;
}): MemberMediaSource {
  const choice = createStreamChoice();
  const arrivals = createArrivals();
  let room = EMPTY_ROOM;
  let streams: readonly MediaStream[] = [];

  function choose(member: Member, slot: Slot): Candidate | null {
    const peer = peers().get(member.peerId);
    const stream = peer?.streams()[slot] ?? null;
    const direct =
      peer === undefined || stream === null ? [] : [{ from: peer, stream, flows: arrivals.isSteady(peer, slot) }];
    const server = servers().candidates(member.peerId, slot);
    const candidates = room.topology === "mesh" ? [...direct, ...server] : [...server, ...direct];
    return choice.choose(`${member.peerId}/${slot}`, candidates);
  }

  function playOnce(): void {
    const members = new Map(room.members.map((member) => [member.peerId, member]));
    const next: MediaStream[] = [];
    for (const connection of servers().all()) {
      for (const { mid, content } of connection.slots()) {
        const stream = connection.streamOf(mid);
        const [track] = stream?.getAudioTracks() ?? [];
        if (stream === null || track === undefined) {
          continue;
        }
        next.push(stream);
        const member = content === null ? undefined : members.get(content.peer_id);
        if (member === undefined) {
          // The news of who it is may come after the first word.
          enable(track, peers().size === 0);
        } else {
          const slot = content?.source === "screen-audio" ? "screen-audio" : "microphone";
          const sends = slot === "microphone" ? member.media.microphone : member.media.screen;
          const chosen = choose(member, slot);
          enable(track, sends && (chosen === null || chosen.from === connection));
        }
      }
    }
    const same = next.length === streams.length && next.every((stream, at) => stream === streams[at]);
    streams = same ? streams : next;
  }

  function lookAtPeers(): void {
    for (const peer of peers().values()) {
      // Asking a browser for it waits for another of its threads.
      for (const slot of SLOTS.filter((one) => !arrivals.isSteady(peer, one))) {
        arrivals.look(peer, slot, peer.lastMedia(slot));
      }
    }
  }

  function connectionOf(member: Member): PeerConnectionState {
    const direct = peers().get(member.peerId)?.connection();
    const server = servers().state();
    if (direct === "connected" || server === null) {
      return direct ?? "connecting";
    }
    if (server !== "connected") {
      return room.topology === "mesh" ? (direct ?? server) : server;
    }
    const comes = BASICS.some((slot) => servers().candidates(member.peerId, slot).length > 0);
    return comes || member.publisher || member.path === "sfu" ? "connected" : (direct ?? "connecting");
  }

  return {
    update: (next) => {
      room = next;
      const present = new Set(room.members.map(({ peerId }) => peerId));
      if (room.topology === "mesh" && servers().current() !== null) {
        lookAtPeers();
      }
      choice.forget((key) => present.has(key.slice(0, key.indexOf("/"))));
      playOnce();
    },
    comesDirectly: ({ peerId, media }) => {
      const peer = peers().get(peerId);
      const comes = (slot: Slot): boolean => peer !== undefined && arrivals.isSteady(peer, slot);
      return (!media.microphone || comes("microphone")) && (!media.camera || comes("camera"));
    },
    of: (member) => {
      const { media, peerId } = member;
      const direct = peers().get(peerId);
      const played = (slot: Slot): MediaStream | null => {
        const chosen = choose(member, slot);
        return chosen !== null && chosen.from === direct ? chosen.stream : null;
      };
      const camera = media.camera ? (choose(member, "camera")?.stream ?? null) : null;
      const place = servers().current()?.slot(peerId, "camera") ?? null;
      return {
        connection: connectionOf(member),
        audio: played("microphone"),
        camera,
        screen: media.screen ? (choose(member, "screen")?.stream ?? null) : null,
        screenAudio: media.screen ? played("screen-audio") : null,
        cameraPaused: media.camera && camera === null && place?.paused === true,
        cameraShown: media.camera && (camera !== null || place !== null),
      };
    },
    serverAudio: () => streams,
  };
}

function enable(track: MediaStreamTrack, enabled: boolean): void {
  if (track.enabled !== enabled) {
    track.enabled = enabled;
  }
}
