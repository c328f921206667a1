import { CircleCheck, Info, TriangleAlert } from "lucide-react";
import type { MediaPorts } from "../call/mediaPorts";
import { t } from "../locales/later";
import { cx } from "../ui/classNames";
import type { Finding, Preflight } from "./preflight";

interface PreflightFindingsProps {
  readonly preflight: Exclude<Preflight, { readonly kind: "none" }>;
  readonly from: number;
  readonly ports: MediaPorts | null;
}

/** Who is concerned, in which way, and what helps. */
export function PreflightFindings({ preflight: { kind, findings }, from, ports }: PreflightFindingsProps) {
  return (
    <section aria-labelledby="preflight-title" className="flex flex-col gap-3 text-sm">
      <p id="preflight-title" className="m-0 flex items-center gap-2 text-base font-semibold">
        {kind === "ready" && <CircleCheck aria-hidden="true" size={18} className="text-accent-text" />}
        {t(kind === "ready" ? "preflight.ready" : "preflight.title")}
      </p>
      <p className="m-0 text-muted">{t("preflight.about", { count: from })}</p>
      {findings.length > 0 && (
        <ul className="m-0 flex list-none flex-col gap-3 p-0">
          {findings.map((finding) => (
            <FindingRow key={finding.peerId} {...finding} />
          ))}
        </ul>
      )}
      {ports !== null && findings.length > 0 && (
        <p className="m-0 text-muted">
          {t("preflight.ports", { udp: formatPorts(ports.udp), tcp: formatPorts(ports.tcp) })}
        </p>
      )}
    </section>
  );
}

function formatPorts(ports: readonly number[]): string {
  return ports.length === 0 ? "–" : ports.join(", ");
}

function FindingRow({ name, self, way }: Finding) {
  const blocked = way === "nothing";
  const Icon = blocked ? TriangleAlert : Info;
  return (
    <li className="flex items-start gap-2">
      <Icon
        aria-hidden="true"
        size={18}
        className={cx("mt-0.5 shrink-0", blocked ? "text-warn-text" : "text-muted")}
      />
      <div className="min-w-0">
        <p className="m-0">{self ? t(`preflight.self.${way}`) : t(`preflight.other.${way}`, { name })}</p>
        {blocked && (
          <p className="m-0 mt-1 text-muted">
            {self ? (
              // In a tab of its own: the call goes on.
              <a href="/diagnose" target="_blank" rel="noopener" className="font-semibold text-accent-text">
                {t("preflight.diagnose")}
              </a>
            ) : (
              t("preflight.help")
            )}
          </p>
        )}
      </div>
    </li>
  );
}
