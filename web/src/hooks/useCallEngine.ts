import { useEffect, useState } from "react";
import { createCall, createLocalMedia } from "../call";
import type { Call, LocalMedia } from "../call/model";

export interface CallEngine {
  readonly call: Call;
  readonly media: LocalMedia;
}

/** The engine of the page that asks for it: made when the page appears, ended when it goes. */
export function useCallEngine(): CallEngine | null {
  const [engine, setEngine] = useState<CallEngine | null>(null);

  useEffect(() => {
    const media = createLocalMedia();
    const call = createCall({ media });
    setEngine({ call, media });
    return () => {
      setEngine(null);
      call.dispose();
      media.dispose();
    };
  }, []);

  return engine;
}
