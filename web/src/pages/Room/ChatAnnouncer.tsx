import { useState } from "react";
import type { ChatEntry } from "../../call/model";
import { t } from "../../locales/translate";

interface ChatAnnouncerProps {
  readonly chat: readonly ChatEntry[];
}

/** Reads new messages of others out, whether the chat is open or not. */
export function ChatAnnouncer({ chat }: ChatAnnouncerProps) {
  const newest = chat.at(-1);
  const [before] = useState(newest?.key ?? null);
  const fresh = newest !== undefined && !newest.own && newest.key !== before ? newest : null;
  return (
    <p role="status" className="sr-only">
      {fresh !== null && t("chat.announce", { name: fresh.name, text: fresh.text })}
    </p>
  );
}
