import { Check, Copy } from "lucide-react";
import { useRef, useState } from "react";
import { copyText } from "../../hooks/clipboard";
import { t } from "../../locales/later";
import { Button } from "../../ui/Button";

interface CopyReportProps {
  readonly text: () => string;
}

export function CopyReport({ text }: CopyReportProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  const [state, setState] = useState<"idle" | "copied" | "failed">("idle");

  async function copy() {
    const copied = await copyText(field.current?.value ?? "");
    // Plain HTTP pages have no clipboard: the person copies what is selected.
    if (!copied) field.current?.select();
    setState(copied ? "copied" : "failed");
  }

  return (
    <div className="flex flex-col gap-2">
      <label htmlFor="report" className="text-sm font-semibold">
        {t("diagnose.report")}
      </label>
      <textarea
        ref={field}
        id="report"
        readOnly
        rows={8}
        value={text()}
        className="w-full resize-y rounded-xl border border-line-strong bg-surface p-3 font-mono text-xs text-text"
      />
      <Button
        icon={
          state === "copied" ? (
            <Check aria-hidden="true" size={18} />
          ) : (
            <Copy aria-hidden="true" size={18} />
          )
        }
        onClick={() => void copy()}
      >
        {t(state === "copied" ? "invite.copied" : "diagnose.copy")}
      </Button>
      <p role="status" className={state === "failed" ? "m-0 text-sm text-danger-text" : "sr-only"}>
        {state === "idle" ? "" : t(state === "copied" ? "invite.copied" : "invite.copyFailed")}
      </p>
    </div>
  );
}
