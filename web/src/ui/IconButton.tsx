import type { ComponentProps } from "react";
import { cx } from "./classNames";

const VARIANT = {
  ghost: "text-text hover:bg-surface-2",
  solid: "bg-surface-2 text-text hover:bg-surface-3",
} as const;

interface IconButtonProps extends Omit<ComponentProps<"button">, "aria-label" | "className"> {
  /** Its name for screen readers, and its tooltip. */
  readonly label: string;
  readonly variant?: keyof typeof VARIANT;
}

export function IconButton({ label, variant = "ghost", children, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      {...rest}
      className={cx(
        "inline-grid size-11 shrink-0 place-items-center rounded-full transition-colors disabled:opacity-55",
        VARIANT[variant],
      )}
    >
      {children}
    </button>
  );
}
