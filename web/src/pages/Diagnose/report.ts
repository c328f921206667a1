/** The findings as text, for whoever helps. */
import { CHECKS, type Check, type CheckState, type DiagnosisState, type Measured } from "../../call/diagnosis";
import { t } from "../../locales/later";
import { formatDateTime } from "../../locales/translate";

export function measuredText(measured: Measured): string {
  switch (measured.kind) {
    case "picture":
      return t("diagnose.picture", { width: String(measured.width), height: String(measured.height) });
    case "milliseconds":
      return t("stats.ms", { value: measured.value });
    case "kbps":
      return t("stats.kbps", { value: measured.value });
  }
}

export function stateText(check: Check, state: CheckState): string {
  switch (state.kind) {
    case "waiting":
    case "running":
    case "skipped":
      return t(`diagnose.${state.kind}`);
    case "ok":
      return state.measured === null ? t("diagnose.ok") : measuredText(state.measured);
    case "failed":
      return t(`diagnose.failed.${check}`);
  }
}

export function reportText(
  state: DiagnosisState,
  page: { origin: string; userAgent: string; now: number },
): string {
  const line = (check: Check): string => {
    const found = state.checks[check];
    const failure = found.kind === "failed" && found.failure !== null ? ` (${found.failure})` : "";
    return `${found.kind.padEnd(8)} ${t(`diagnose.check.${check}`)}: ${stateText(check, found)}${failure}`;
  };
  return [
    `WeCall ${page.origin}, ${formatDateTime(page.now)}`,
    page.userAgent,
    "",
    ...CHECKS.map(line),
    "",
  ].join("\n");
}
