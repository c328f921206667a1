/** Marks this tab as being in a call, so that a reload goes straight back into it. */
import type { RoomId } from "../protocol/generated";
import { readStored, writeStored } from "./storage";

const KEY = "wecall.in-call";

export interface RejoinMark {
  readonly roomId: RoomId;
  readonly microphone: boolean;
  readonly camera: boolean;
}

export function markInCall(mark: RejoinMark | null): void {
  const value =
    mark === null ? null : `${mark.roomId}:${Number(mark.microphone)}:${Number(mark.camera)}`;
  writeStored("sessionStorage", KEY, value);
}

/** Whether this tab is in any call. */
export function isInCall(): boolean {
  return readStored("sessionStorage", KEY) !== null;
}

export function inCallMark(roomId: RoomId): RejoinMark | null {
  const [id, microphone, camera] = readStored("sessionStorage", KEY)?.split(":") ?? [];
  if (id !== roomId) return null;
  return { roomId, microphone: microphone === "1", camera: camera === "1" };
}
