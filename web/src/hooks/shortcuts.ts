/** The one catalogue of shortcuts: it drives the keys and the help. */
import { useEffect, useRef } from "react";
import type { PlainKey } from "../locales/translate";

export const SHORTCUTS = [
  { id: "microphone", key: "m", text: "shortcuts.microphone" },
  { id: "camera", key: "v", text: "shortcuts.camera" },
  { id: "share", key: "s", text: "shortcuts.share" },
  { id: "chat", key: "c", text: "shortcuts.chat" },
  { id: "people", key: "p", text: "shortcuts.people" },
  { id: "hand", key: "h", text: "shortcuts.hand" },
  { id: "layout", key: "l", text: "shortcuts.layout" },
  { id: "previousPage", key: "pageup", text: "shortcuts.previousPage", keyText: "shortcuts.pageUp" },
  { id: "nextPage", key: "pagedown", text: "shortcuts.nextPage", keyText: "shortcuts.pageDown" },
  { id: "help", key: "?", text: "shortcuts.help" },
] as const satisfies readonly { id: string; key: string; text: PlainKey; keyText?: PlainKey }[];

export type ShortcutId = (typeof SHORTCUTS)[number]["id"];
export type ShortcutHandlers = Readonly<Partial<Record<ShortcutId, () => void>>>;

/** Where keys are meant for what has the focus. */
const TYPING = "input, textarea, select, [contenteditable], dialog, [popover]";
/** What the keys that turn pages scroll. */
const SCROLLED = "aside";

/** Which shortcut a key press is, if any. */
export function shortcutOf(event: KeyboardEvent): ShortcutId | null {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.defaultPrevented) return null;
  if (event.target instanceof Element && event.target.closest(TYPING) !== null) return null;
  const key = event.key.toLowerCase();
  if (key.startsWith("page") && event.target instanceof Element && event.target.closest(SCROLLED) !== null) return null;
  return SHORTCUTS.find((shortcut) => shortcut.key === key)?.id ?? null;
}

/** Those that are handled here; others may be elsewhere on the page. */
export function useShortcuts(handlers: ShortcutHandlers): void {
  const latest = useRef(handlers);
  useEffect(() => {
    latest.current = handlers;
  });
  useEffect(() => {
    function handleKey(event: KeyboardEvent) {
      const id = shortcutOf(event);
      const handler = id === null ? undefined : latest.current[id];
      if (handler === undefined) return;
      event.preventDefault();
      handler();
    }
    window.addEventListener("keydown", handleKey);
    return () => window.removeEventListener("keydown", handleKey);
  }, []);
}
