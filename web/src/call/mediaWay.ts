/** Which connections a participant needs, of both kinds: what the room's messages say of it. */
import type { MeshNeed } from "./mesh";
import type { Member, RoomState } from "./roomState";

/**
 * While the room goes over its media server, a connection from browser to browser is of use until
 * both have all they are to get by the server. Of several that look at the same messages each
 * comes to the same end, so nobody closes what the other still counts on.
 */
export function meshNeed(room: RoomState, member: Member): MeshNeed {
  if (member.publisher) {
    return "none";
  }
  if (room.topology === "mesh") {
    return "open";
  }
  return room.self?.path === "sfu" && member.path === "sfu" ? "none" : "keep";
}

/** "keep": until everyone has everyone by another way. */
export function serverNeed(room: RoomState): MeshNeed {
  if (room.mediaServer === null) {
    return "none";
  }
  if (room.topology === "sfu") {
    return "open";
  }
  const someoneNeeds = room.self?.path === "sfu" || room.members.some(({ path }) => path === "sfu");
  return someoneNeeds ? "keep" : "none";
}
