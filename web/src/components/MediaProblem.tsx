import { TriangleAlert } from "lucide-react";
import { t } from "../locales/later";
import { Button } from "../ui/Button";
import type { MediaProblemView } from "./mediaFailures";

interface MediaProblemProps extends MediaProblemView {
  readonly origin: string;
  readonly onRetry: () => void;
  readonly onDismiss?: () => void;
}

/** Nothing that a person does on this page changes these. */
const BEYOND_RETRY = new Set<MediaProblemView["failure"]>(["insecure-context", "unsupported"]);

export default function MediaProblem({ device, failure, origin, onRetry, onDismiss }: MediaProblemProps) {
  const name = t(`media.${device}`);
  return (
    <section role="alert" className="flex gap-3 rounded-2xl bg-warn-soft p-4 text-warn-text">
      <TriangleAlert aria-hidden="true" size={20} className="mt-0.5 shrink-0" />
      <div className="flex min-w-0 flex-col gap-1">
        <h2 className="m-0 text-base font-semibold">{t(`media.${failure}.title`, { device: name })}</h2>
        <p className="m-0 text-sm">{adviceOf(device, failure, origin)}</p>
        <div className="mt-2 flex flex-wrap gap-2">
          {!BEYOND_RETRY.has(failure) && (
            <Button size="small" onClick={onRetry}>
              {t("action.retry")}
            </Button>
          )}
          {onDismiss !== undefined && (
            <Button size="small" variant="ghost" onClick={onDismiss}>
              {t("action.dismiss")}
            </Button>
          )}
        </div>
      </div>
    </section>
  );
}

function adviceOf(
  device: MediaProblemView["device"],
  failure: MediaProblemView["failure"],
  origin: string,
): string {
  const name = t(`media.${device}`);
  switch (failure) {
    case "denied-by-system":
      return device === "screen"
        ? t("media.screen.denied-by-system.text")
        : t("media.denied-by-system.text", { device: name });
    case "denied-by-browser":
      return t("media.denied-by-browser.text", { device: name });
    case "insecure-context":
      return t("media.insecure-context.text", { origin });
    case "dismissed":
    case "not-found":
    case "busy":
    case "unsupported":
    case "unknown":
      return t(`media.${failure}.text`);
  }
}
