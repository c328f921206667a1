import type { Observable } from "../call/model";
import { useObservable } from "../hooks/useObservable";
import { t } from "../locales/translate";
import { cx } from "../ui/classNames";

const BARS = 16;

interface MicrophoneMeterProps {
  readonly level: Observable<number>;
}

export function MicrophoneMeter({ level }: MicrophoneMeterProps) {
  const value = useObservable(level);
  const lit = Math.round(Math.min(Math.max(value, 0), 1) * BARS);
  return (
    <div
      role="meter"
      aria-label={t("prejoin.level")}
      aria-valuemin={0}
      aria-valuemax={BARS}
      aria-valuenow={lit}
      className="flex h-2 gap-1"
    >
      {Array.from({ length: BARS }, (_, index) => (
        <span
          key={index}
          className={cx("flex-1 rounded-full", index < lit ? "bg-accent" : "bg-surface-3")}
        />
      ))}
    </div>
  );
}
