import { useEffect, useState } from "react";
import type { RoomId } from "../protocol/generated";
import { forgetHostToken, hostTokenFor, hostTokenInFragment, keepHostToken } from "./hostTokens";

export interface HostTokenControl {
  readonly hostToken: string | null;
  readonly forget: () => void;
}

/** The host token of a room: kept on this device, or brought by a private host link. */
export function useHostToken(roomId: RoomId): HostTokenControl {
  const [hostToken, setHostToken] = useState(
    () => hostTokenInFragment(window.location.hash) ?? hostTokenFor(roomId),
  );

  useEffect(() => {
    function take() {
      const brought = hostTokenInFragment(window.location.hash);
      if (brought === null) return;
      keepHostToken(roomId, brought);
      setHostToken(brought);
      // Out of sight: addresses are shown to others, copied and screenshotted.
      const { pathname, search } = window.location;
      window.history.replaceState(window.history.state, "", pathname + search);
    }
    take();
    // A host link that is pasted over the same room's address loads no new page.
    window.addEventListener("hashchange", take);
    return () => window.removeEventListener("hashchange", take);
  }, [roomId]);

  return {
    hostToken,
    forget: () => {
      forgetHostToken(roomId);
      setHostToken(null);
    },
  };
}
