/** One explanation for what is missing, also when it is both camera and microphone. */
import type { LocalMediaState, LocalTrackState, MediaFailure } from "../call/model";

export type MissingDevice = "microphone" | "camera" | "both" | "screen";

export interface MediaProblemView {
  readonly device: MissingDevice;
  readonly failure: MediaFailure;
}

function failureOf(track: LocalTrackState): MediaFailure | null {
  return track.kind === "failed" ? track.failure : null;
}

export function problemsOf(
  media: Pick<LocalMediaState, "microphone" | "camera" | "screen">,
): readonly MediaProblemView[] {
  const microphone = failureOf(media.microphone);
  const camera = failureOf(media.camera);
  const screen = failureOf(media.screen);
  const problems: MediaProblemView[] = [];
  if (microphone !== null && microphone === camera) {
    problems.push({ device: "both", failure: microphone });
  } else {
    if (microphone !== null) problems.push({ device: "microphone", failure: microphone });
    if (camera !== null) problems.push({ device: "camera", failure: camera });
  }
  // Closing the browser's picker is a choice, not a problem.
  if (screen !== null && screen !== "dismissed" && screen !== "denied-by-browser") {
    problems.push({ device: "screen", failure: screen });
  }
  return problems;
}
