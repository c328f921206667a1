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
  { id: "help", key: "?", text: "shortcuts.help" },
] as const satisfies readonly { id: string; key: string; text: PlainKey }[];

export type ShortcutId = (typeof SHORTCUTS)[number]["id"];
export type ShortcutHandlers = Readonly<Record<ShortcutId, () => void>>;

/** Where keys are meant for what has the focus. */
const TYPING = "input, textarea, select, [contenteditable], dialog, [popover]";

/** Which shortcut a key press is, if any. */
export function shortcutOf(event: KeyboardEvent): ShortcutId | null {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.defaultPrevented) return null;
  if (event.target instanceof Element && event.target.closest(TYPING) !== null) return null;
  const key = event.key.toLowerCase();
  return SHORTCUTS.find((shortcut) => shortcut.key === key)?.id ?? null;
}

export function useShortcuts(handlers: ShortcutHandlers): void {
  const latest = useRef(handlers);
  useEffect(() => {
    latest.current = handlers;
  });
  useEffect(() => {
    function handleKey(event: KeyboardEvent) {
      const id = shortcutOf(event);
      if (id === null) return;
      event.preventDefault();
      latest.current[id]();
    }
    window.addEventListener("keydown", handleKey);
    return () => window.removeEventListener("keydown", handleKey);
  }, []);
}
