import { failureOf } from "./mediaFailure";
import type { LocalTrackState } from "./model";

export interface ScreenShare {
  /** Resolves when it has started, or was dismissed. */
  start(): Promise<void>;
  stop(): void;
}

/** Text and slides need no more pictures a second, and each costs an encoder. */
const MAX_FRAMERATE = 15;

export function createScreenShare(
  { mediaDevices }: { mediaDevices: MediaDevices | undefined },
  show: (state: LocalTrackState) => void,
): ScreenShare {
  let shared: MediaStream | null = null;
  let starting = false;

  function stop(): void {
    const stream = shared;
    shared = null;
    show({ kind: "off" });
    stream?.getTracks().forEach((track) => track.stop());
  }

  return {
    start: async () => {
      if (shared !== null || starting) {
        return;
      }
      if (mediaDevices?.getDisplayMedia === undefined) {
        show({ kind: "failed", failure: "unsupported" });
        return;
      }
      starting = true;
      show({ kind: "starting" });
      try {
        const stream = await mediaDevices.getDisplayMedia({
          video: { frameRate: { max: MAX_FRAMERATE } },
          audio: true,
        });
        shared = stream;
        const [picture] = stream.getVideoTracks();
        if (picture !== undefined) {
          picture.contentHint = "detail";
          // The browser has a button of its own that ends it.
          picture.addEventListener("ended", () => {
            if (shared === stream) {
              stop();
            }
          });
        }
        show({ kind: "live", stream });
      } catch (error) {
        const failure = failureOf(error, null);
        const refused = failure === "denied-by-browser" || failure === "dismissed";
        // Closing the dialog is an answer, not a failure.
        show(refused ? { kind: "off" } : { kind: "failed", failure });
      } finally {
        starting = false;
      }
    },
    stop,
  };
}
