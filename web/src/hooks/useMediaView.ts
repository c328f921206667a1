import { useEffect, useState } from "react";
import type { CallViewRequest } from "../call/model";

/** A glance at another tab costs nobody new pictures. */
const HIDDEN_AFTER_MS = 3_000;

/** Keeps the engine told of which pictures are looked at: none while the page is hidden. */
export function useMediaView(
  { tiles, pinned, quality }: CallViewRequest,
  onView: (view: CallViewRequest) => void,
): void {
  const hidden = usePageHidden();
  useEffect(() => {
    onView({ tiles: hidden ? [] : tiles, pinned, quality });
  }, [tiles, pinned, quality, hidden, onView]);
}

/** True some time after the page is out of sight, and at once false when it is back. */
function usePageHidden(): boolean {
  const [hidden, setHidden] = useState(false);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = () => {
      clearTimeout(timer);
      if (document.visibilityState === "visible") setHidden(false);
      else timer = setTimeout(() => setHidden(true), HIDDEN_AFTER_MS);
    };
    look();
    document.addEventListener("visibilitychange", look);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, []);
  return hidden;
}
