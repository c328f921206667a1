import { useId } from "react";
import { cx } from "./classNames";

interface SwitchProps {
  readonly label: string;
  readonly hint?: string;
  readonly on: boolean;
  readonly onChange: (on: boolean) => void;
}

export function Switch({ label, hint, on, onChange }: SwitchProps) {
  const id = useId();
  return (
    <button
      type="button"
      role="switch"
      aria-checked={on}
      aria-labelledby={`${id}-label`}
      aria-describedby={hint === undefined ? undefined : `${id}-hint`}
      onClick={() => onChange(!on)}
      className="flex min-h-11 w-full items-center justify-between gap-4 rounded-xl px-3 py-2 text-left hover:bg-surface-2"
    >
      <span className="flex flex-col">
        <span id={`${id}-label`} className="text-sm font-semibold">
          {label}
        </span>
        {hint !== undefined && (
          <span id={`${id}-hint`} className="text-sm text-muted">
            {hint}
          </span>
        )}
      </span>
      <span
        aria-hidden="true"
        className={cx(
          "relative h-6 w-10 shrink-0 rounded-full border-2 transition-colors",
          on ? "border-accent bg-accent" : "border-line-strong bg-transparent",
        )}
      >
        <span
          className={cx(
            "absolute top-0.5 left-0.5 size-4 rounded-full transition-transform",
            on ? "translate-x-4 bg-on-accent" : "bg-line-strong",
          )}
        />
      </span>
    </button>
  );
}
