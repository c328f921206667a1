import type { ReactNode } from "react";
import { cx } from "../ui/classNames";

const TONE = {
  calm: "bg-surface-2 text-text",
  warn: "bg-warn-soft text-warn-text",
} as const;

interface BannerProps {
  readonly tone: keyof typeof TONE;
  readonly icon: ReactNode;
  readonly action?: ReactNode;
  readonly children: ReactNode;
}

/** A line above the pictures, for as long as something holds. */
export function Banner({ tone, icon, action, children }: BannerProps) {
  return (
    <div
      role="status"
      className={cx(
        "mx-auto flex max-w-full animate-fade-up items-center gap-3 rounded-3xl px-4 py-1.5 text-sm font-medium",
        TONE[tone],
      )}
    >
      <span className="shrink-0">{icon}</span>
      <p className="m-0">{children}</p>
      {action !== undefined && <span className="shrink-0 whitespace-nowrap">{action}</span>}
    </div>
  );
}
