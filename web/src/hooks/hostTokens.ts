/**
 * Host tokens by room, on this device. A private host link carries one in its fragment
 * (`/r/CODE#host=TOKEN`), which browsers never send to a server.
 */
import type { RoomId } from "../protocol/generated";
import { readStored, writeStored } from "./storage";

const KEY = "wecall.host-tokens";
/** The oldest are forgotten beyond this. */
const KEPT_ROOMS = 50;
/** Longer than any token that the server makes. */
const TOKEN_MAX_CHARACTERS = 512;
const FRAGMENT = /^#host=([A-Za-z0-9._~-]+)$/;

type Entry = readonly [roomId: RoomId, token: string];

function entries(): readonly Entry[] {
  const stored = readStored("localStorage", KEY);
  if (stored === null) return [];
  try {
    const parsed: unknown = JSON.parse(stored);
    return Array.isArray(parsed) ? parsed.filter(isEntry) : [];
  } catch (error) {
    // Written by something else: start anew.
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

function isEntry(value: unknown): value is Entry {
  return (
    Array.isArray(value) &&
    value.length === 2 &&
    typeof value[0] === "string" &&
    typeof value[1] === "string"
  );
}

export function hostTokenFor(roomId: RoomId): string | null {
  return entries().find(([id]) => id === roomId)?.[1] ?? null;
}

export function keepHostToken(roomId: RoomId, token: string): void {
  const others = entries().filter(([id]) => id !== roomId);
  const kept = [...others, [roomId, token] as const].slice(-KEPT_ROOMS);
  writeStored("localStorage", KEY, JSON.stringify(kept));
}

export function forgetHostToken(roomId: RoomId): void {
  writeStored(
    "localStorage",
    KEY,
    JSON.stringify(entries().filter(([id]) => id !== roomId)),
  );
}

export function hostTokenInFragment(fragment: string): string | null {
  const token = FRAGMENT.exec(fragment)?.[1];
  return token === undefined || token.length > TOKEN_MAX_CHARACTERS ? null : token;
}

export function hostLink(origin: string, roomId: RoomId, token: string): string {
  return `${origin}/r/${roomId}#host=${token}`;
}
