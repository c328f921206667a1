import { CircleCheck, TriangleAlert } from "lucide-react";
import { t } from "../locales/later";
import { cx } from "../ui/classNames";
import { Popover } from "../ui/Popover";
import type { Preflight } from "./preflight";
import { PreflightFindings } from "./PreflightFindings";

interface PreflightChipProps {
  readonly preflight: Exclude<Preflight, { readonly kind: "none" }>;
  /** How many people the room has once it goes over its media server. */
  readonly from: number;
  /** Room for a few words only. */
  readonly phone: boolean;
}

/** Calm as long as nothing is wrong; what is wrong stands in it, and how to mend it behind it. */
export default function PreflightChip({ preflight, from, phone }: PreflightChipProps) {
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
          <PreflightFindings preflight={preflight} from={from} />
        </div>
      )}
    </Popover>
  );
}

function shortOf({ kind, findings }: PreflightChipProps["preflight"]): "ready" | "self" | "others" {
  if (kind === "ready") return kind;
  return findings.some(({ self, way }) => self && way === "nothing") ? "self" : "others";
}

function chipText({ kind, findings }: PreflightChipProps["preflight"]): string {
  if (kind === "ready") return t("preflight.ready");
  const blocked = findings.filter(({ way }) => way === "nothing");
  const [first] = blocked;
  if (blocked.some(({ self }) => self)) return t("preflight.chip.self");
  if (blocked.length === 1 && first !== undefined) return t("preflight.chip.one", { name: first.name });
  return t("preflight.chip.many", { count: blocked.length });
}
