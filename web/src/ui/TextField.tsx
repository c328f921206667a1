import { useId, type ComponentProps } from "react";
import { cx } from "./classNames";

interface TextFieldProps extends Omit<ComponentProps<"input">, "className" | "id"> {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly error?: string | null;
}

export function TextField({ label, hint, error = null, ...rest }: TextFieldProps) {
  const id = useId();
  const noteId = `${id}-note`;
  const note = error ?? hint;
  return (
    <div className="flex flex-col gap-1.5">
      <label htmlFor={id} className="text-sm font-semibold">
        {label}
      </label>
      <input
        {...rest}
        id={id}
        aria-invalid={error !== null || undefined}
        aria-describedby={note === undefined ? undefined : noteId}
        className={cx(
          "min-h-12 w-full rounded-xl border bg-surface px-4 text-base text-text placeholder:text-muted",
          error === null ? "border-line-strong" : "border-danger-text",
        )}
      />
      {note !== undefined && (
        <p
          id={noteId}
          role={error === null ? undefined : "alert"}
          className={cx("m-0 text-sm", error === null ? "text-muted" : "text-danger-text")}
        >
          {note}
        </p>
      )}
    </div>
  );
}
