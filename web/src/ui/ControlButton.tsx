import type { ReactNode } from "react";
import { cx } from "./classNames";

const TONE = {
  neutral: "bg-surface-2 text-text hover:bg-surface-3",
  active: "bg-accent text-on-accent hover:bg-accent-hover",
  /** Something of one's own is off; it should be noticed, not frighten. */
  off: "bg-danger-soft text-danger-text hover:bg-surface-3",
  danger: "bg-danger text-on-danger hover:bg-danger-hover",
} as const;

const SHAPE = {
  round: "w-12",
  wide: "w-16",
} as const;

const BADGE = {
  news: "bg-accent text-on-accent",
  problem: "bg-warn-text text-warn-soft",
} as const;

export type ControlTone = keyof typeof TONE;

export function controlClass(tone: ControlTone, shape: keyof typeof SHAPE = "round"): string {
  return cx(
    "relative inline-grid h-12 shrink-0 place-items-center rounded-full transition-colors",
    SHAPE[shape],
    TONE[tone],
  );
}

interface ControlButtonProps {
  /** The accessible name; it stays the same while `pressed` changes. */
  readonly label: string;
  /** What a click will do, and the key for it. */
  readonly hint?: string;
  readonly pressed?: boolean;
  readonly tone?: ControlTone;
  readonly shape?: keyof typeof SHAPE;
  readonly badge?: ReactNode;
  readonly badgeTone?: keyof typeof BADGE;
  readonly onClick: () => void;
  readonly children: ReactNode;
}

export function ControlButton({
  label,
  hint = label,
  pressed,
  tone = "neutral",
  shape = "round",
  badge,
  badgeTone = "news",
  onClick,
  children,
}: ControlButtonProps) {
  return (
    <button
      type="button"
      aria-label={label}
      aria-pressed={pressed}
      title={hint}
      onClick={onClick}
      className={controlClass(tone, shape)}
    >
      {children}
      {badge !== undefined && badge !== null && (
        <span
          aria-hidden="true"
          className={cx(
            "absolute -top-1 -right-1 grid h-5 min-w-5 place-items-center rounded-full px-1 text-xs font-bold",
            BADGE[badgeTone],
          )}
        >
          {badge}
        </span>
      )}
    </button>
  );
}
