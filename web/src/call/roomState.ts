import type {
  Capability,
  ClientMessage,
  ErrorCode,
  MediaServer,
  MediaState,
  ParticipantInfo,
  PeerId,
  Reach,
  Reaction,
  Role,
  RoomSnapshot,
  ServerMessage,
  Topology,
} from "../protocol/generated";
import { withMessage, withStatus } from "./chatLog";
import type { CallNotice, ChatEntry, RoomView, ShownReaction } from "./model";


/** Someone else in the room, as the server tells of them. */
export interface Member {
  readonly peerId: PeerId;
  readonly name: string;
  readonly role: Role;
  readonly media: MediaState;
  readonly handRaisedAt: number | null;
  readonly capabilities: readonly Capability[];
  readonly path: Topology;
  readonly reach: Reach | null;
  readonly publisher: boolean;
  /**
   * Since when the server does not know them, on the call's clock: it has lost its memory, and
   * they have not come back to it yet. Their media goes on.
   */
  readonly absentSince: number | null;
}

/** Oneself, as the server tells of it. */
export type SelfMember = Omit<Member, "absentSince" | "capabilities" | "publisher">;

/** What the room is like, made of nothing but the server's messages and the clock. */
export interface RoomState {
  readonly room: RoomView | null;
  readonly topology: Topology;
  readonly mediaServer: MediaServer | null;
  readonly self: SelfMember | null;
  readonly members: readonly Member[];
  readonly chat: readonly ChatEntry[];
  readonly reactions: readonly TimedReaction[];
  readonly notices: readonly CallNotice[];
  readonly graceMs: number;
  readonly nextId: number;
  /** Who left moments ago: coming back at once is a reload, not news. */
  readonly justLeft: readonly { readonly peerId: PeerId; readonly at: number; readonly noticeId: number }[];
  readonly expiryTold: boolean;
}

type NoticeContent = CallNotice extends infer N ? (N extends unknown ? Omit<N, "id"> : never) : never;

interface TimedReaction extends ShownReaction {
  readonly at: number;
}

export const EMPTY_ROOM: RoomState = {
  room: null,
  topology: "mesh",
  mediaServer: null,
  self: null,
  members: [],
  chat: [],
  reactions: [],
  notices: [],
  graceMs: 30_000,
  nextId: 1,
  justLeft: [],
  expiryTold: false,
};

export const REACTION_SHOWN_MS = 5_000;
/** A reload of a page takes a second or two, on a slow phone some more. */
const RELOAD_MS = 8_000;
const KEPT_NOTICES = 20;
const KEPT_REACTIONS = 50;
const EXPIRES_SOON_MS = 5 * 60_000;

/** The room after a message. `now` is on the call's clock. */
export function applyMessage(state: RoomState, message: ServerMessage, now: number): RoomState {
  switch (message.type) {
    case "joined":
      return {
        ...withSnapshot({ ...EMPTY_ROOM, ...kept(state) }, message.room, message.peer_id),
        graceMs: message.resume_grace_ms,
      };
    case "resumed":
      return message.room === undefined ? state : resumed(state, message.room, message.peer_id, now);
    case "peer-joined":
      return peerJoined(state, message.participant, now);
    case "peer-left":
      return peerLeft(state, message.peer_id, message.reason, now);
    case "media-state": {
      const { microphone, camera, screen } = message;
      return withPerson(state, message.peer_id, { media: { microphone, camera, screen } });
    }
    case "topology":
      return withTopology(state, message.topology, message.media);
    case "media-path":
      return withPerson(state, message.peer_id, { path: message.path, reach: message.reach });
    case "hand": {
      const raisedAt = message.hand_raised_at === null ? null : Date.parse(message.hand_raised_at);
      const next = withPerson(state, message.peer_id, { handRaisedAt: raisedAt });
      const name = memberName(state, message.peer_id);
      return message.raised && name !== null ? withNotice(next, { kind: "hand-raised", name }) : next;
    }
    case "rename":
      return withPerson(state, message.peer_id, { name: message.user_name });
    case "role": {
      const next = withPerson(state, message.peer_id, { role: message.role });
      if (state.self?.peerId !== message.peer_id || state.self.role === message.role) {
        return next;
      }
      return withNotice(next, { kind: message.role === "host" ? "now-host" : "no-longer-host" });
    }
    case "reaction":
      // One's own was shown when it was sent.
      return state.self?.peerId === message.peer_id
        ? state
        : withReaction(state, message.peer_id, message.reaction, now);
    case "lock": {
      const next = withRoom(state, { locked: message.locked });
      const by = memberName(state, message.peer_id);
      return by === null ? next : withNotice(next, { kind: message.locked ? "locked" : "unlocked", by });
    }
    case "lower-microphone":
      return withNotice(state, { kind: "microphone-lowered", by: memberName(state, message.peer_id) ?? "" });
    case "chat":
      return { ...state, chat: withMessage(state.chat, message, state.self?.peerId ?? null) };
    case "error":
      return refused(state, message.code, message.in_reply_to);
    default:
      return state;
  }
}

/** What the passing of time alone changes. Answers `state` itself when that is nothing. */
export function expire(state: RoomState, now: number, wallTime: number): RoomState {
  let next = state;
  const reactions = state.reactions.filter((shown) => now - shown.at < REACTION_SHOWN_MS);
  if (reactions.length !== state.reactions.length) {
    next = { ...next, reactions };
  }
  for (const member of state.members) {
    if (member.absentSince !== null && now - member.absentSince >= state.graceMs) {
      next = peerLeft(next, member.peerId, "lost", now);
    }
  }
  const expiresAt = state.room?.expiresAt ?? null;
  if (expiresAt !== null && !state.expiryTold && expiresAt - wallTime < EXPIRES_SOON_MS) {
    const minutes = Math.max(1, Math.round((expiresAt - wallTime) / 60_000));
    next = { ...withNotice(next, { kind: "expires-soon", minutes }), expiryTold: true };
  }
  return next;
}

export function withReaction(state: RoomState, peerId: PeerId, reaction: Reaction, now: number): RoomState {
  const shown: TimedReaction = { id: state.nextId, peerId, reaction, at: now };
  return {
    ...state,
    nextId: state.nextId + 1,
    reactions: [...state.reactions, shown].slice(-KEPT_REACTIONS),
  };
}

export function withNotice(state: RoomState, notice: NoticeContent): RoomState {
  const next: CallNotice = { ...notice, id: state.nextId };
  return {
    ...state,
    nextId: state.nextId + 1,
    notices: [...state.notices, next].slice(-KEPT_NOTICES),
  };
}

export function withoutNotice(state: RoomState, id: number): RoomState {
  return { ...state, notices: state.notices.filter((notice) => notice.id !== id) };
}

/** Changes of a participant, oneself or another. */
export function withPerson(
  state: RoomState,
  peerId: PeerId,
  change: Partial<Pick<Member, "name" | "role" | "media" | "handRaisedAt" | "path" | "reach">>,
): RoomState {
  if (state.self?.peerId === peerId) {
    return { ...state, self: { ...state.self, ...change } };
  }
  return {
    ...state,
    members: state.members.map((member) => (member.peerId === peerId ? { ...member, ...change } : member)),
  };
}

/** What one asked for will not be: says so where one looks for it. */
export function withoutEffect(state: RoomState, asked: ClientMessage, code: ErrorCode): RoomState {
  return asked.type === "chat"
    ? { ...state, chat: withStatus(state.chat, asked.ref ?? "", { refused: code }) }
    : withNotice(state, { kind: "refused", code });
}

/** What a session that began anew keeps of the one before. */
function kept(state: RoomState): Pick<RoomState, "chat" | "notices" | "nextId" | "expiryTold"> {
  const { chat, nextId, expiryTold } = state;
  return { chat, notices: state.notices, nextId, expiryTold };
}

function withSnapshot(state: RoomState, snapshot: RoomSnapshot, self: PeerId): RoomState {
  const own = snapshot.participants.find((participant) => participant.peer_id === self);
  const chat = snapshot.chat.reduce((log, message) => withMessage(log, message, self), state.chat);
  return {
    ...state,
    room: {
      roomId: snapshot.room_id,
      name: snapshot.room_name,
      locked: snapshot.locked,
      maxParticipants: snapshot.max_participants,
      createdAt: Date.parse(snapshot.created_at),
      expiresAt: snapshot.expires_at === null ? null : Date.parse(snapshot.expires_at),
    },
    topology: snapshot.topology,
    mediaServer: snapshot.media,
    self: own === undefined ? state.self : memberOf(own),
    members: snapshot.participants.filter((participant) => participant.peer_id !== self).map(memberOf),
    chat,
  };
}

/** Messages were lost: who is not in the room any more has left meanwhile, or is yet to come back. */
function resumed(state: RoomState, snapshot: RoomSnapshot, self: PeerId, now: number): RoomState {
  const listed = new Set(snapshot.participants.map((participant) => participant.peer_id));
  const missing = state.members.filter((member) => !listed.has(member.peerId));
  if (snapshot.recovering) {
    // A server without its memory learns of everyone again, one resume after the other.
    const absent = missing.map((member) => ({ ...member, absentSince: member.absentSince ?? now }));
    const next = withSnapshot(state, snapshot, self);
    return { ...next, members: [...absent, ...next.members] };
  }
  const departed = missing.reduce((room, member) => peerLeft(room, member.peerId, "left", now), state);
  return withSnapshot(departed, snapshot, self);
}

function peerJoined(state: RoomState, participant: ParticipantInfo, now: number): RoomState {
  const member = memberOf(participant);
  const known = state.members.some((other) => other.peerId === member.peerId);
  if (known) {
    const members = state.members.map((other) => (other.peerId === member.peerId ? member : other));
    return { ...state, members };
  }
  const next = { ...state, members: [...state.members, member] };
  const left = state.justLeft.find((gone) => gone.peerId === member.peerId);
  if (left !== undefined && now - left.at < RELOAD_MS) {
    return {
      ...withoutNotice(next, left.noticeId),
      justLeft: state.justLeft.filter((gone) => gone !== left),
    };
  }
  return withNotice(next, { kind: "joined", name: member.name });
}

function peerLeft(
  state: RoomState,
  peerId: PeerId,
  reason: "left" | "lost" | "removed" | "replaced",
  now: number,
): RoomState {
  const name = memberName(state, peerId);
  if (name === null) {
    return state;
  }
  const noticeId = state.nextId;
  const told = reason === "replaced" ? state : withNotice(state, { kind: reason, name });
  const recent = state.justLeft.filter((gone) => now - gone.at < RELOAD_MS && gone.peerId !== peerId);
  return {
    ...told,
    nextId: noticeId + 1,
    members: state.members.filter((member) => member.peerId !== peerId),
    justLeft: [...recent, { peerId, at: now, noticeId }],
  };
}

function withTopology(state: RoomState, topology: Topology, mediaServer: MediaServer | null): RoomState {
  const next = { ...state, topology, mediaServer };
  const before = state.mediaServer?.peer_id;
  if (before === undefined || before === mediaServer?.peer_id) {
    return next;
  }
  // Nobody gets anything from the one that was.
  const path = "mesh";
  return {
    ...next,
    self: state.self === null ? null : { ...state.self, path },
    members: state.members.map((member) => ({ ...member, path })),
  };
}

function refused(state: RoomState, code: ErrorCode, inReplyTo: string | undefined): RoomState {
  switch (inReplyTo) {
    case "offer":
    case "answer":
    case "ice-candidate":
    case "media-state":
    case "media-path":
    case "view":
    case "unreachable":
      // Crossed with the other's leaving, or a flood: nothing that a person can act on.
      return state;
    default:
      return withNotice(state, { kind: "refused", code });
  }
}

function withRoom(state: RoomState, change: Partial<RoomView>): RoomState {
  return state.room === null ? state : { ...state, room: { ...state.room, ...change } };
}

function memberName(state: RoomState, peerId: PeerId): string | null {
  return state.members.find((member) => member.peerId === peerId)?.name ?? null;
}

function memberOf(participant: ParticipantInfo): Member {
  return {
    peerId: participant.peer_id,
    name: participant.user_name,
    role: participant.role,
    media: participant.media,
    handRaisedAt: participant.hand_raised_at === null ? null : Date.parse(participant.hand_raised_at),
    capabilities: participant.capabilities,
    path: participant.path,
    reach: participant.reach,
    publisher: participant.publisher,
    absentSince: null,
  };
}
