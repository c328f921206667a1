import { X } from "lucide-react";
import { Suspense, useEffect } from "react";
import type { CallNotice } from "../call/model";
import { t } from "../locales/translate";
import { lazyPart } from "./lazyPart";
import { PartBoundary } from "./PartBoundary";

/** There are many reasons, and most calls hear none of them. */
export const loadRefusalText = () => import("./RefusalText");
const RefusalText = lazyPart(loadRefusalText);

const SHOWN_MS = 5_000;
/** Of many at once the newest are shown; all are announced. */
const SHOWN_MAX = 4;

interface NoticesProps {
  readonly notices: readonly CallNotice[];
  readonly onDismiss: (id: number) => void;
}

function noticeText(notice: Exclude<CallNotice, { readonly kind: "refused" }>): string {
  switch (notice.kind) {
    case "joined":
    case "left":
    case "lost":
    case "removed":
    case "hand-raised":
      return t(`notice.${notice.kind}`, { name: notice.name });
    case "microphone-lowered":
    case "locked":
    case "unlocked":
      return t(`notice.${notice.kind}`, { by: notice.by });
    case "now-host":
    case "no-longer-host":
      return t(`notice.${notice.kind}`);
    case "expires-soon":
      return t("notice.expires-soon", { count: notice.minutes });
  }
}

export function Notices({ notices, onDismiss }: NoticesProps) {
  return (
    <div
      role="log"
      aria-label={t("notice.region")}
      className="pointer-events-none flex flex-col items-start gap-2"
    >
      {notices.slice(-SHOWN_MAX).map((notice) => (
        <Toast key={notice.id} notice={notice} onDismiss={onDismiss} />
      ))}
    </div>
  );
}

interface ToastProps {
  readonly notice: CallNotice;
  readonly onDismiss: (id: number) => void;
}

function Toast({ notice, onDismiss }: ToastProps) {
  const { id } = notice;
  useEffect(() => {
    const timer = setTimeout(() => onDismiss(id), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [id, onDismiss]);

  return (
    <div className="pointer-events-auto flex animate-fade-up items-center gap-2 rounded-full border border-line bg-surface py-1 pr-1 pl-4 text-sm text-text shadow-raised">
      <span className="py-1.5">
        {notice.kind === "refused" ? (
          <PartBoundary>
            <Suspense fallback={null}>
              <RefusalText code={notice.code} />
            </Suspense>
          </PartBoundary>
        ) : (
          noticeText(notice)
        )}
      </span>
      <button
        type="button"
        aria-label={t("action.dismiss")}
        onClick={() => onDismiss(id)}
        className="grid size-8 place-items-center rounded-full text-muted hover:bg-surface-2"
      >
        <X aria-hidden="true" size={16} />
      </button>
    </div>
  );
}
