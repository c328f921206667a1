import type { ComponentProps, ReactNode } from "react";
import { cx } from "./classNames";
import { Spinner } from "./Spinner";

const VARIANT = {
  primary: "bg-accent text-on-accent hover:bg-accent-hover",
  secondary: "bg-surface-2 text-text hover:bg-surface-3",
  outline: "border border-line-strong bg-transparent text-text hover:bg-surface-2",
  ghost: "bg-transparent text-text hover:bg-surface-2",
  danger: "bg-danger text-on-danger hover:bg-danger-hover",
} as const;

const SIZE = {
  small: "min-h-9 px-3 text-sm gap-1.5",
  medium: "min-h-11 px-4 text-[0.95rem] gap-2",
  large: "min-h-13 px-6 text-base gap-2.5",
} as const;

const BASE =
  "inline-flex items-center justify-center rounded-full py-1.5 text-center font-semibold no-underline transition-colors " +
  "disabled:cursor-not-allowed disabled:opacity-55";

interface Look {
  readonly variant?: keyof typeof VARIANT;
  readonly size?: keyof typeof SIZE;
  readonly wide?: boolean;
}

function look({ variant = "secondary", size = "medium", wide = false }: Look): string {
  return cx(BASE, VARIANT[variant], SIZE[size], wide && "w-full");
}

interface ButtonProps extends Look, Omit<ComponentProps<"button">, "className"> {
  /** Work is under way: shown, and announced as busy. */
  readonly busy?: boolean;
  readonly icon?: ReactNode;
}

export function Button({ variant, size, wide, busy = false, icon, children, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      aria-busy={busy || undefined}
      {...rest}
      className={look({
        ...(variant && { variant }),
        ...(size && { size }),
        ...(wide !== undefined && { wide }),
      })}
    >
      {busy ? <Spinner /> : icon}
      {children}
    </button>
  );
}

interface ButtonLinkProps extends Look {
  readonly to: string;
  readonly icon?: ReactNode;
  readonly children: ReactNode;
}

/** A plain link: a call that was opened by its link runs without the router. */
export function ButtonLink({ to, icon, children, ...style }: ButtonLinkProps) {
  return (
    <a href={to} className={look(style)}>
      {icon}
      {children}
    </a>
  );
}
