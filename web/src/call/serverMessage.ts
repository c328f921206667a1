import type { ServerMessage } from "../protocol/generated";

/** A server message with its place in the session, when it has one. */
export type Sequenced = ServerMessage & { readonly seq?: number };

/** Reads one WebSocket text; null for what is not a message. */
export function decodeServerMessage(text: string): Sequenced | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Not JSON: nothing that our server sends, so nothing to act on.
    return null;
  }
  if (typeof value !== "object" || value === null || !("type" in value) || typeof value.type !== "string") {
    return null;
  }
  return value as Sequenced;
}
