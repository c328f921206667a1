import { CircleCheck, TriangleAlert } from "lucide-react";
import type { CallState } from "../call/model";
import { t } from "../locales/later";
import { cx } from "../ui/classNames";
import { Popover } from "../ui/Popover";
import { preflightOf, type Preflight } from "./preflight";
import { PreflightFindings } from "./PreflightFindings";

interface PreflightChipProps {
  readonly call: CallState;
  /** Room for a few words only. */
  readonly phone: boolean;
}

/** Calm as long as nothing is wrong; what is wrong stands in it, and how to mend it behind it. */
export default function PreflightChip({ call, phone }: PreflightChipProps) {
  const preflight = preflightOf(call);
  const from = call.mediaFrom;
  if (preflight.kind === "none" || from === null) return null;
  const trouble = preflight.kind === "trouble";
  const Icon = trouble ? TriangleAlert : CircleCheck;
  const text = chipText(preflight);
  const short = t(`preflight.short.${shortOf(preflight)}`);
  return (
    <Popover
      label={t("preflight.title")}
      triggerLabel={phone && trouble ? `${short}: ${text}` : text}
      triggerClass={cx(
        "flex min-h-9 min-w-0 items-center gap-1.5 rounded-full px-3 py-1 text-sm font-medium transition-colors",
        trouble ? "bg-warn-soft text-warn-text" : "text-muted hover:bg-surface-2",
      )}
      trigger={
        <>
          <Icon aria-hidden="true" size={16} className="shrink-0" />
          <span className="truncate">{phone ? short : text}</span>
        </>
      }
      panelClass="w-[min(24rem,calc(100vw-1rem))]"
    >
      {() => (
        <div className="p-3">
          <PreflightFindings preflight={preflight} from={from} ports={call.mediaPorts} />
        </div>
      )}
    </Popover>
  );
}

type Known = Exclude<Preflight, { readonly kind: "none" }>;

function shortOf({ kind, findings }: Known): "ready" | "self" | "others" {
  if (kind === "ready") return kind;
  return findings.some(({ self, way }) => self && way === "nothing") ? "self" : "others";
}

function chipText({ kind, findings }: Known): string {
  if (kind === "ready") return t("preflight.ready");
  const blocked = findings.filter(({ way }) => way === "nothing");
  const [first] = blocked;
  if (blocked.some(({ self }) => self)) return t("preflight.chip.self");
  if (blocked.length === 1 && first !== undefined) return t("preflight.chip.one", { name: first.name });
  return t("preflight.chip.many", { count: blocked.length });
}
