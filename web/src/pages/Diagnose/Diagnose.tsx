import { Check as CheckIcon, CircleDashed, Minus, Stethoscope, TriangleAlert } from "lucide-react";
import { CHECKS, type Check, type CheckState, type Diagnosis, type DiagnosisState } from "../../call/diagnosis";
import type { Observable } from "../../call/model";
import { MicrophoneMeter } from "../../components/MicrophoneMeter";
import { PageShell } from "../../components/PageShell";
import { useDiagnosis } from "../../hooks/useDiagnosis";
import { useDocumentTitle } from "../../hooks/useDocumentTitle";
import { useObservable } from "../../hooks/useObservable";
import { t } from "../../locales/later";
import { Button } from "../../ui/Button";
import { cx } from "../../ui/classNames";
import { Spinner } from "../../ui/Spinner";
import { CopyReport } from "./CopyReport";
import { reportText, stateText } from "./report";

export default function Diagnose() {
  useDocumentTitle(t("diagnose.title"));
  const diagnosis = useDiagnosis();
  if (diagnosis === null) return null;
  return <Running diagnosis={diagnosis} />;
}

function Running({ diagnosis }: { readonly diagnosis: Diagnosis }) {
  const state = useObservable(diagnosis.state);
  return (
    <DiagnoseView
      state={state}
      level={diagnosis.level}
      report={() =>
        reportText(state, {
          origin: window.location.origin,
          userAgent: navigator.userAgent,
          now: Date.now(),
        })
      }
      onStart={diagnosis.start}
    />
  );
}

interface DiagnoseViewProps {
  readonly state: DiagnosisState;
  readonly level: Observable<number>;
  readonly report: () => string;
  readonly onStart: () => void;
}

export function DiagnoseView({ state, level, report, onStart }: DiagnoseViewProps) {
  const failed = CHECKS.filter((check) => state.checks[check].kind === "failed").length;
  return (
    <PageShell>
      <div className="flex flex-col gap-6 rounded-[1.75rem] border border-line bg-surface p-6 shadow-raised sm:p-8">
        <header>
          <h1 className="m-0 text-3xl font-semibold">{t("diagnose.title")}</h1>
          <p className="m-0 mt-2 text-muted">{t("diagnose.lead")}</p>
        </header>
        <Button
          variant="primary"
          size="large"
          busy={state.phase === "running"}
          disabled={state.phase === "running"}
          icon={<Stethoscope aria-hidden="true" size={20} />}
          onClick={onStart}
        >
          {t(state.phase === "done" ? "diagnose.again" : "diagnose.start")}
        </Button>
        <p role="status" className="m-0 font-semibold empty:hidden">
          {state.phase === "done" &&
            (failed === 0 ? t("diagnose.allWell") : t("diagnose.result", { count: failed }))}
        </p>
        <ul className="m-0 flex list-none flex-col gap-1 p-0">
          {CHECKS.map((check) => (
            <Row key={check} check={check} state={state.checks[check]} level={level} />
          ))}
        </ul>
        {state.phase === "done" && <CopyReport text={report} />}
      </div>
    </PageShell>
  );
}

interface RowProps {
  readonly check: Check;
  readonly state: CheckState;
  readonly level: Observable<number>;
}

function Row({ check, state, level }: RowProps) {
  return (
    <li data-check={check} data-state={state.kind} className="flex items-start gap-3 py-2">
      <StateIcon kind={state.kind} />
      <div className="flex min-w-0 flex-1 flex-col gap-1">
        <span className="font-semibold">{t(`diagnose.check.${check}`)}</span>
        <span className={cx("text-sm", state.kind === "failed" ? "text-danger-text" : "text-muted")}>
          {stateText(check, state)}
        </span>
        {check === "microphone" && state.kind === "ok" && <MicrophoneMeter level={level} />}
      </div>
    </li>
  );
}

function StateIcon({ kind }: { readonly kind: CheckState["kind"] }) {
  const look = "mt-0.5 shrink-0";
  switch (kind) {
    case "ok":
      return <CheckIcon aria-hidden="true" size={20} className={cx(look, "text-accent-text")} />;
    case "failed":
      return <TriangleAlert aria-hidden="true" size={20} className={cx(look, "text-danger-text")} />;
    case "running":
      return (
        <span className={cx(look, "grid size-5 place-items-center")}>
          <Spinner />
        </span>
      );
    case "skipped":
      return <Minus aria-hidden="true" size={20} className={cx(look, "text-muted")} />;
    case "waiting":
      return <CircleDashed aria-hidden="true" size={20} className={cx(look, "text-muted")} />;
  }
}
