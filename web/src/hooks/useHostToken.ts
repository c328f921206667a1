import { useEffect, useState } from "react";
import { useLocation, useNavigate } from "react-router";
import type { RoomId } from "../protocol/generated";
import { forgetHostToken, hostTokenFor, hostTokenInFragment, keepHostToken } from "./hostTokens";

export interface HostTokenControl {
  readonly hostToken: string | null;
  readonly forget: () => void;
}

/** The host token of a room: kept on this device, or brought by a private host link. */
export function useHostToken(roomId: RoomId): HostTokenControl {
  const { hash, pathname, search } = useLocation();
  const navigate = useNavigate();
  const [hostToken, setHostToken] = useState(() => hostTokenInFragment(hash) ?? hostTokenFor(roomId));

  const brought = hostTokenInFragment(hash);
  if (brought !== null && brought !== hostToken) setHostToken(brought);

  useEffect(() => {
    if (brought === null) return;
    keepHostToken(roomId, brought);
    // Out of sight: addresses are shown to others, copied and screenshotted.
    void navigate({ pathname, search, hash: "" }, { replace: true });
  }, [brought, pathname, search, roomId, navigate]);

  return {
    hostToken,
    forget: () => {
      forgetHostToken(roomId);
      setHostToken(null);
    },
  };
}
