import { Check, Copy } from "lucide-react";
import { useId, useRef, useState } from "react";
import { copyText } from "../hooks/clipboard";
import { t } from "../locales/later";
import { Button } from "../ui/Button";

interface CopyFieldProps {
  readonly label: string;
  readonly value: string;
  readonly action: string;
  readonly hint?: string;
  readonly prominent?: boolean;
}

type Copying = "idle" | "copied" | "failed";

const NOTE: Readonly<Record<Copying, "invite.copied" | "invite.copyFailed" | null>> = {
  idle: null,
  copied: "invite.copied",
  failed: "invite.copyFailed",
};

export function CopyField({ label, value, action, hint, prominent = false }: CopyFieldProps) {
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const [state, setState] = useState<Copying>("idle");

  async function copy() {
    const copied = await copyText(value);
    if (!copied) field.current?.select();
    setState(copied ? "copied" : "failed");
  }

  const note = NOTE[state];
  return (
    <div className="flex flex-col gap-2">
      <label htmlFor={id} className="text-sm font-semibold">
        {label}
      </label>
      <input
        ref={field}
        id={id}
        readOnly
        value={value}
        onFocus={(event) => event.target.select()}
        className="min-h-11 w-full truncate rounded-xl border border-line-strong bg-surface px-3 text-[0.95rem] text-text"
      />
      {hint !== undefined && <p className="m-0 text-sm text-muted">{hint}</p>}
      <Button
        variant={prominent ? "primary" : "secondary"}
        icon={
          state === "copied" ? (
            <Check aria-hidden="true" size={18} />
          ) : (
            <Copy aria-hidden="true" size={18} />
          )
        }
        onClick={() => void copy()}
      >
        {state === "copied" ? t("invite.copied") : action}
      </Button>
      <p role="status" className={state === "failed" ? "m-0 text-sm text-danger-text" : "sr-only"}>
        {note === null ? "" : t(note)}
      </p>
    </div>
  );
}
