/** The one catalogue of shortcuts: it drives the keys and the help. */
import { useEffect, useRef } from "react";

export const SHORTCUTS = [
  { id: "microphone", key: "m" },
  { id: "camera", key: "v" },
  { id: "share", key: "s" },
  { id: "chat", key: "c" },
  { id: "people", key: "p" },
  { id: "hand", key: "h" },
  { id: "layout", key: "l" },
  { id: "previousPage", key: "pageup" },
  { id: "nextPage", key: "pagedown" },
  { id: "help", key: "?" },
] as const satisfies readonly { id: string; key: string }[];

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
