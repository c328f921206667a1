import { useEffect, useState } from "react";
import { t } from "../locales/translate";

interface CountdownProps {
  /** On the clock of `performance.now()`. */
  readonly until: number;
}

export function Countdown({ until }: CountdownProps) {
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), 500);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.ceil((until - now) / 1_000);
  // Not a live region: a screen reader would say each second.
  return seconds > 0
    ? t("explain.unreachable.next", { count: seconds })
    : t("explain.unreachable.trying");
}
