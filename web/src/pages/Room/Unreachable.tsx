import { CloudOff } from "lucide-react";
import { Countdown } from "../../components/Countdown";
import { t } from "../../locales/translate";
import { Button, ButtonLink } from "../../ui/Button";
import { Refusal } from "./Refusal";

interface UnreachableProps {
  /** On the clock of `performance.now()`; null while it is tried. */
  readonly nextAttemptAt: number | null;
  readonly onRetry: () => void;
}

/** Not loaded later: it is for when nothing can be loaded. */
export function Unreachable({ nextAttemptAt, onRetry }: UnreachableProps) {
  return (
    <Refusal
      why="unreachable"
      icon={<CloudOff />}
      title={t("explain.unreachable.title")}
      text={t("explain.unreachable.text")}
    >
      <p className="m-0 text-muted">
        {nextAttemptAt === null ? t("explain.unreachable.trying") : <Countdown until={nextAttemptAt} />}
      </p>
      <Button variant="primary" size="large" onClick={onRetry}>
        {t("explain.unreachable.now")}
      </Button>
      <ButtonLink to="/">{t("action.home")}</ButtonLink>
    </Refusal>
  );
}
