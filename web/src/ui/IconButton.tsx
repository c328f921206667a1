import type { ComponentProps } from "react";
import { cx } from "./classNames";

const VARIANT = {
  ghost: "text-text hover:bg-surface-2",
  solid: "bg-surface-2 text-text hover:bg-surface-3",
} as const;

const SIZE = {
  small: "size-9",
  medium: "size-11",
} as const;

interface IconButtonProps extends Omit<ComponentProps<"button">, "aria-label" | "className"> {
  /** Its name for screen readers, and its tooltip. */
  readonly label: string;
  readonly variant?: keyof typeof VARIANT;
  readonly size?: keyof typeof SIZE;
}

export function IconButton({ label, variant = "ghost", size = "medium", children, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      {...rest}
      className={cx(
        "inline-grid shrink-0 place-items-center rounded-full transition-colors disabled:opacity-55",
        SIZE[size],
        VARIANT[variant],
      )}
    >
      {children}
    </button>
  );
}
