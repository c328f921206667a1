import { useNavigate } from "react-router";
import type { PlainKey } from "../locales/translate";
import { api, type OnBusy } from "../call";
import { failureText } from "./failureText";
import { keepHostToken } from "./hostTokens";
import type { Invitation } from "./roomCode";

/** Goes to a call if one could join it now; otherwise says why not. */
export type EnterRoom = (invitation: Invitation, onBusy: OnBusy) => Promise<PlainKey | null>;

export function useEnterRoom(): EnterRoom {
  const navigate = useNavigate();
  return async ({ roomId, hostToken }, onBusy) => {
    const answer = await api.validateRoom(roomId, onBusy);
    const lockedForOthers =
      !answer.ok &&
      answer.failure.kind === "refused" &&
      answer.failure.code === "room-locked" &&
      hostToken !== null;
    if (!answer.ok && !lockedForOthers) return failureText(answer.failure);
    if (hostToken !== null) keepHostToken(roomId, hostToken);
    await navigate(`/r/${roomId}`);
    return null;
  };
}
