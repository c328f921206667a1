import { useState } from "react";
import type { ChatEntry } from "../call/model";

/** How many messages of others came since the chat was last open. */
export function useUnread(chat: readonly ChatEntry[], reading: boolean): number {
  const last = chat.at(-1)?.key ?? null;
  // What was there before this page has been read, or belongs to a time before.
  const [seen, setSeen] = useState(last);
  if (reading && seen !== last) setSeen(last);
  const seenAt = chat.findIndex((entry) => entry.key === seen);
  return chat.slice(seenAt + 1).filter((entry) => !entry.own).length;
}
