/** What keeps devices from working, explained; most people never need it, so it is loaded later. */
import { Suspense } from "react";
import type { LocalMediaState } from "../call/model";
import { lazyPart } from "./lazyPart";
import { problemsOf, type MissingDevice } from "./mediaFailures";
import { PartBoundary } from "./PartBoundary";

export const loadMediaProblem = () => import("./MediaProblem");
const MediaProblem = lazyPart(loadMediaProblem);

interface MediaProblemsProps {
  readonly media: Pick<LocalMediaState, "microphone" | "camera" | "screen">;
  readonly origin: string;
  readonly onRetry: (device: MissingDevice) => void;
  readonly onDismiss?: () => void;
}

export function MediaProblems({ media, origin, onRetry, onDismiss }: MediaProblemsProps) {
  const problems = problemsOf(media);
  if (problems.length === 0) return null;
  return (
    <PartBoundary>
      <Suspense fallback={null}>
        {problems.map((problem) => (
          <MediaProblem
            key={problem.device}
            {...problem}
            origin={origin}
            onRetry={() => onRetry(problem.device)}
            {...(onDismiss && { onDismiss })}
          />
        ))}
      </Suspense>
    </PartBoundary>
  );
}
