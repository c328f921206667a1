import type { ChatMessage, PeerId } from "../protocol/generated";
import type { ChatEntry } from "./model";

/** Bounds the memory and the length of the list that is drawn. */
const KEPT_ENTRIES = 500;

/** The log with a message of the server in it, which may be known already. */
export function withMessage(
  log: readonly ChatEntry[],
  message: ChatMessage,
  self: PeerId | null,
): readonly ChatEntry[] {
  const own = message.peer_id === self;
  const entry: ChatEntry = {
    key: own && message.ref !== undefined ? message.ref : `#${message.id}`,
    peerId: message.peer_id,
    name: message.user_name,
    text: message.text,
    sentAt: Date.parse(message.sent_at),
    own,
    status: "sent",
  };
  const known = log.find((other) => other.key === entry.key);
  if (known?.status === "sent") {
    return log;
  }
  // What the server confirmed stands in its order; what is on its way stays at the end.
  const others = log.filter((other) => other !== known);
  const firstPending = others.findIndex((other) => other.status !== "sent");
  const at = firstPending === -1 ? others.length : firstPending;
  return bounded([...others.slice(0, at), entry, ...others.slice(at)]);
}

/** The log with one's own text at its end, not confirmed yet. */
export function withPending(
  log: readonly ChatEntry[],
  pending: { key: string; peerId: PeerId; name: string; text: string; sentAt: number },
): readonly ChatEntry[] {
  return bounded([...log, { ...pending, own: true, status: "sending" }]);
}

export function withStatus(
  log: readonly ChatEntry[],
  key: string,
  status: ChatEntry["status"],
): readonly ChatEntry[] {
  return log.map((entry) => (entry.key === key ? { ...entry, status } : entry));
}

export function pendingOf(log: readonly ChatEntry[]): readonly ChatEntry[] {
  return log.filter((entry) => entry.status === "sending");
}

function bounded(log: readonly ChatEntry[]): readonly ChatEntry[] {
  return log.length > KEPT_ENTRIES ? log.slice(-KEPT_ENTRIES) : log;
}
