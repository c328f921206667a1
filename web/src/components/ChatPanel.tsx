import { RotateCcw, SendHorizontal } from "lucide-react";
import { useEffect, useLayoutEffect, useRef, useState, type FormEvent, type KeyboardEvent } from "react";
import type { ChatEntry } from "../call/model";
import { t } from "../locales/later";
import { formatTime } from "../locales/translate";
import { Button } from "../ui/Button";
import { cx } from "../ui/classNames";
import { Linkified } from "./Linkified";

/** The server's bound (`ChatText`). */
export const CHAT_MAX_CHARACTERS = 2_000;
/** From here on the counter is shown. */
const COUNTER_FROM = CHAT_MAX_CHARACTERS - 200;
/** One after another within this time stand together. */
const GROUP_MS = 3 * 60_000;
/** Within this distance of the end, new messages scroll into view. */
const FOLLOW_PX = 80;

interface ChatPanelProps {
  readonly entries: readonly ChatEntry[];
  readonly onSend: (text: string) => void;
  readonly onRetry: (key: string) => void;
}

export default function ChatPanel({ entries, onSend, onRetry }: ChatPanelProps) {
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <Messages entries={entries} onRetry={onRetry} />
      <ChatForm onSend={onSend} />
    </div>
  );
}

function Messages({ entries, onRetry }: Omit<ChatPanelProps, "onSend">) {
  const list = useRef<HTMLOListElement>(null);
  const following = useRef(true);
  const newest = entries.at(-1)?.key ?? null;

  useLayoutEffect(() => {
    if (newest === null || !following.current) return;
    list.current?.scrollTo({ top: list.current.scrollHeight });
  }, [newest]);

  if (entries.length === 0) {
    return <p className="m-0 flex-1 px-5 py-3 text-sm text-muted">{t("chat.empty")}</p>;
  }
  return (
    <ol
      ref={list}
      // Scrollable by keys.
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      aria-label={t("chat.messages")}
      onScroll={(event) => {
        const { scrollHeight, scrollTop, clientHeight } = event.currentTarget;
        following.current = scrollHeight - scrollTop - clientHeight < FOLLOW_PX;
      }}
      className="m-0 flex min-h-0 flex-1 list-none flex-col overflow-y-auto overscroll-contain px-4 py-2"
    >
      {entries.map((entry, index) => (
        <Message
          key={entry.key}
          entry={entry}
          continues={continues(entries[index - 1], entry)}
          onRetry={onRetry}
        />
      ))}
    </ol>
  );
}

function continues(before: ChatEntry | undefined, entry: ChatEntry): boolean {
  return before?.peerId === entry.peerId && entry.sentAt - before.sentAt < GROUP_MS;
}

interface MessageProps {
  readonly entry: ChatEntry;
  readonly continues: boolean;
  readonly onRetry: (key: string) => void;
}

function Message({ entry, continues: joined, onRetry }: MessageProps) {
  const { own, status } = entry;
  const refused = typeof status === "object" ? status.refused : null;
  return (
    <li className={cx("flex flex-col", own ? "items-end" : "items-start", joined ? "mt-1" : "mt-4")}>
      {!joined && (
        <p className="m-0 mb-1 flex max-w-full items-baseline gap-2 px-1 text-sm">
          <span className="truncate font-semibold">{own ? t("chat.you") : entry.name}</span>
          <time dateTime={new Date(entry.sentAt).toISOString()} className="text-xs text-muted">
            {formatTime(entry.sentAt)}
          </time>
        </p>
      )}
      <p
        className={cx(
          "m-0 max-w-[90%] rounded-2xl px-3.5 py-2 text-[0.95rem] leading-snug wrap-anywhere whitespace-pre-wrap",
          own ? "bg-accent-soft" : "bg-surface-2",
          refused !== null && "border border-danger-text bg-danger-soft",
          status === "sending" && "opacity-70",
        )}
      >
        <Linkified text={entry.text} />
      </p>
      {status === "sending" && (
        <p className="m-0 px-1 pt-0.5 text-xs text-muted">{t("chat.sending")}</p>
      )}
      {refused !== null && (
        <div className="flex flex-wrap items-center justify-end gap-2 pt-1 pb-2 text-right">
          <p className="m-0 text-xs text-danger-text">
            {t("chat.refused", { reason: t(`error.${refused}`) })}
          </p>
          <Button
            size="small"
            icon={<RotateCcw aria-hidden="true" size={14} />}
            onClick={() => onRetry(entry.key)}
          >
            {t("chat.retry")}
          </Button>
        </div>
      )}
    </li>
  );
}

function ChatForm({ onSend }: Pick<ChatPanelProps, "onSend">) {
  const field = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState("");
  const length = [...text.trim()].length;
  const left = CHAT_MAX_CHARACTERS - length;
  const sendable = length > 0 && left >= 0;

  useEffect(() => field.current?.focus(), []);

  function send(event: FormEvent | KeyboardEvent) {
    event.preventDefault();
    if (!sendable) return;
    onSend(text.trim());
    setText("");
  }

  return (
    <form onSubmit={send} className="flex flex-col gap-1 border-t border-line p-3">
      <div className="flex items-end gap-2">
        <textarea
          ref={field}
          rows={1}
          value={text}
          aria-label={t("chat.field")}
          placeholder={t("chat.field")}
          aria-invalid={left < 0 || undefined}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => {
            // `isComposing`: Enter chooses a word in input methods.
            if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) send(event);
          }}
          className="field-sizing-content max-h-36 min-h-11 flex-1 resize-none rounded-2xl border border-line-strong bg-surface px-3.5 py-2.5 text-base leading-snug text-text placeholder:text-muted"
        />
        <button
          type="submit"
          disabled={!sendable}
          aria-label={t("chat.send")}
          title={t("chat.send")}
          className="grid size-11 shrink-0 place-items-center rounded-full bg-accent text-on-accent hover:bg-accent-hover disabled:bg-surface-2 disabled:text-muted"
        >
          <SendHorizontal aria-hidden="true" size={20} />
        </button>
      </div>
      <p role="status" className={cx("m-0 px-1 text-xs empty:hidden", left < 0 ? "text-danger-text" : "text-muted")}>
        {length >= COUNTER_FROM &&
          (left < 0 ? t("chat.over", { count: -left }) : t("chat.left", { count: left }))}
      </p>
    </form>
  );
}
