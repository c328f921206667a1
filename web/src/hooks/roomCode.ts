/** What people type or paste to get into a call. */
import type { RoomId } from "../protocol/generated";
import { hostTokenInFragment } from "./hostTokens";

const CODE = /^[A-Z0-9]{8}$/;
const CODE_IN_PATH = /^\/r\/([A-Za-z0-9]{8})\/?$/;

/** The code in its one spelling, or null when it cannot be one. */
export function normaliseCode(typed: string): RoomId | null {
  const code = typed.replace(/[\s-]/g, "").toUpperCase();
  return CODE.test(code) ? code : null;
}

export interface Invitation {
  readonly roomId: RoomId;
  readonly hostToken: string | null;
}

/** Reads a code, a link to a call, or a private host link. */
export function readInvitation(typed: string): Invitation | null {
  const text = typed.trim();
  const code = normaliseCode(text);
  if (code !== null) return { roomId: code, hostToken: null };
  const address = text.includes("://") ? text : `https://${text}`;
  if (!URL.canParse(address)) return null;
  const url = new URL(address);
  const inPath = CODE_IN_PATH.exec(url.pathname)?.[1];
  if (inPath === undefined) return null;
  return { roomId: inPath.toUpperCase(), hostToken: hostTokenInFragment(url.hash) };
}

export function roomLink(origin: string, roomId: RoomId): string {
  return `${origin}/r/${roomId}`;
}
