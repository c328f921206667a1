import { useState } from "react";
import type { CreateRoomRequest, RoomId } from "../protocol/generated";
import type { PlainKey } from "../locales/translate";
import { api } from "../call";
import { failureText } from "./failureText";
import { keepHostToken } from "./hostTokens";

export type Creating =
  | { kind: "idle" }
  | { kind: "creating" }
  /** The server has put it off, and is asked again. */
  | { kind: "waiting" }
  | { kind: "failed"; text: PlainKey };

export interface CreateRoomControl {
  readonly state: Creating;
  /** Gives the id of the new room, or null when there is none; then `state` tells why. */
  readonly create: (request: CreateRoomRequest) => Promise<RoomId | null>;
}

export function useCreateRoom(): CreateRoomControl {
  const [state, setState] = useState<Creating>({ kind: "idle" });

  async function create(request: CreateRoomRequest): Promise<RoomId | null> {
    setState({ kind: "creating" });
    const answer = await api.createRoom(request, () => setState({ kind: "waiting" }));
    if (!answer.ok) {
      setState({ kind: "failed", text: failureText(answer.failure) });
      return null;
    }
    const { room_id: roomId, host_token: hostToken } = answer.value;
    keepHostToken(roomId, hostToken);
    return roomId;
  }

  return { state, create };
}
