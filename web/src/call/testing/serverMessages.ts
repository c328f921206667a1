import type { ParticipantInfo, RoomSnapshot } from "../../protocol/generated";

export function participant(id: string, change: Partial<ParticipantInfo> = {}): ParticipantInfo {
  return {
    peer_id: id,
    user_name: id.toUpperCase(),
    role: "participant",
    media: { microphone: true, camera: true, screen: false },
    hand_raised_at: null,
    joined_at: "2026-01-01T00:00:00Z",
    capabilities: ["resume", "media-state", "sfu"],
    path: "mesh",
    reach: null,
    publisher: false,
    ...change,
  };
}

export function snapshot(participants: ParticipantInfo[], change: Partial<RoomSnapshot> = {}): RoomSnapshot {
  return {
    room_id: "ABCD2345",
    room_name: null,
    created_at: "2026-01-01T00:00:00Z",
    expires_at: null,
    version: 1,
    max_participants: 4,
    locked: false,
    recovering: false,
    topology: "mesh",
    media: null,
    participants,
    chat: [],
    ...change,
  };
}

export function joined(
  self: string,
  others: ParticipantInfo[] = [],
  token = "token-1",
  change: Partial<RoomSnapshot> = {},
): object {
  return {
    type: "joined",
    seq: 1,
    room_id: "ABCD2345",
    peer_id: self,
    room: snapshot([...others, participant(self)], change),
    resume_token: token,
    resume_grace_ms: 30_000,
  };
}
