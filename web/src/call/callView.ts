import type { PeerId } from "../protocol/generated";
import type { MemberMedia } from "./memberMedia";
import type { CallPhase, CallState, Participant, SelfParticipant } from "./model";
import type { CallMedia } from "./callMedia";
import type { Member, RoomState } from "./roomState";

export const IDLE_CALL: CallState = {
  phase: { kind: "idle" },
  room: null,
  self: null,
  participants: [],
  chat: [],
  reactions: [],
  notices: [],
  topology: "mesh",
  media: "none",
  mediaFrom: null,
  mediaPorts: null,
  selfReach: null,
  quality: "auto",
  loudest: null,
  serverAudio: [],
};

export interface ViewInput {
  readonly phase: CallPhase;
  readonly room: RoomState;
  readonly media: Pick<CallMedia, "of" | "ports" | "serverState" | "serverAudio" | "quality">;
  readonly speaking: ReadonlySet<PeerId>;
  readonly loudest: PeerId | null;
}

/** The snapshot for the page. What has not changed stays the same object, so it is not drawn again. */
export function callView(before: CallState, { phase, room, media, speaking, loudest }: ViewInput): CallState {
  const known = new Map(before.participants.map((participant) => [participant.peerId, participant]));
  const participants = room.members.map((member) => {
    const next = participantView(member, media.of(member), speaking.has(member.peerId));
    return reused(known.get(member.peerId), next);
  });
  const self: SelfParticipant | null =
    room.self === null
      ? null
      : {
          peerId: room.self.peerId,
          name: room.self.name,
          role: room.self.role,
          handRaisedAt: room.self.handRaisedAt,
          speaking: speaking.has(room.self.peerId),
        };
  return reused(before, {
    phase,
    room: room.room,
    self: self === null ? null : reused(before.self ?? undefined, self),
    participants: sameItems(before.participants, participants) ? before.participants : participants,
    chat: room.chat,
    reactions: room.reactions,
    notices: room.notices,
    topology: room.topology,
    media: media.serverState(),
    mediaFrom: room.mediaServer?.from_participants ?? null,
    mediaPorts: media.ports(),
    selfReach: room.self?.reach ?? null,
    quality: media.quality(),
    loudest,
    serverAudio: media.serverAudio(),
  });
}

function participantView(member: Member, media: MemberMedia, speaking: boolean): Participant {
  return {
    peerId: member.peerId,
    name: member.name,
    role: member.role,
    media: member.media,
    handRaisedAt: member.handRaisedAt,
    capabilities: member.capabilities,
    path: member.path,
    reach: member.reach,
    publisher: member.publisher,
    ...media,
    speaking: speaking && member.media.microphone,
  };
}

function reused<T extends object>(before: T | undefined, next: T): T {
  if (before === undefined) {
    return next;
  }
  const same = (Object.keys(next) as (keyof T)[]).every((key) => Object.is(before[key], next[key]));
  return same ? before : next;
}

function sameItems<T>(before: readonly T[], next: readonly T[]): boolean {
  return before.length === next.length && before.every((item, index) => item === next[index]);
}
