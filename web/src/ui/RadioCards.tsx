import { useId } from "react";
import type { LucideIcon } from "lucide-react";
import { cx } from "./classNames";

export interface RadioCard<V extends string> {
  readonly value: V;
  readonly label: string;
  readonly hint?: string;
  readonly icon: LucideIcon;
}

interface RadioCardsProps<V extends string> {
  readonly legend: string;
  readonly value: V;
  readonly cards: readonly RadioCard<V>[];
  readonly onChange: (value: V) => void;
}

/** One of a few, each with room for a word on what it does. */
export function RadioCards<V extends string>({ legend, value, cards, onChange }: RadioCardsProps<V>) {
  const name = useId();
  return (
    <fieldset className="m-0 flex min-w-0 flex-col gap-1 border-0 p-0">
      <legend className="mb-1.5 p-0 text-sm font-semibold">{legend}</legend>
      {cards.map(({ value: own, label, hint, icon: Icon }) => (
        <label
          key={own}
          className={cx(
            "flex min-h-11 cursor-pointer items-center gap-3 rounded-xl px-3 py-2 has-focus-visible:outline-2 has-focus-visible:outline-accent",
            own === value ? "bg-accent-soft text-accent-text" : "hover:bg-surface-2",
          )}
        >
          <input
            type="radio"
            name={name}
            value={own}
            checked={own === value}
            onChange={() => onChange(own)}
            className="sr-only"
          />
          <Icon aria-hidden="true" size={20} className="shrink-0" />
          <span className="flex min-w-0 flex-col">
            <span className="text-[0.95rem] font-medium">{label}</span>
            {hint !== undefined && (
              <span className={cx("text-xs", own !== value && "text-muted")}>{hint}</span>
            )}
          </span>
        </label>
      ))}
    </fieldset>
  );
}
