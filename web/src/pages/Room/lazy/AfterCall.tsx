import {
  Annoyed,
  CalendarX,
  DoorOpen,
  Frown,
  Laugh,
  MonitorSmartphone,
  PhoneOff,
  Smile,
  UserRoundX,
  type LucideIcon,
} from "lucide-react";
import { useState } from "react";
import type { CallEnd } from "../../../call/model";
import { Explanation } from "../../../components/Explanation";
import { PageShell } from "../../../components/PageShell";
import { QUALITIES, type Quality } from "../../../hooks/qualityRatings";
import { useDocumentTitle } from "../../../hooks/useDocumentTitle";
import { t } from "../../../locales/later";
import { Button, ButtonLink } from "../../../ui/Button";

const ICON: Readonly<Record<CallEnd, LucideIcon>> = {
  left: DoorOpen,
  removed: UserRoundX,
  "ended-by-host": PhoneOff,
  expired: CalendarX,
  "taken-elsewhere": MonitorSmartphone,
  "room-gone": CalendarX,
};

/** The call is still there, and one may come back. */
const CAN_COME_BACK: ReadonlySet<CallEnd> = new Set(["left", "taken-elsewhere"]);
/** Worth asking how it was. */
const HAS_BEEN_A_CALL: ReadonlySet<CallEnd> = new Set(["left", "ended-by-host", "expired"]);

interface AfterCallProps {
  readonly reason: CallEnd;
  readonly onRejoin: () => void;
  readonly onRate: (quality: Quality) => void;
}

export default function AfterCall({ reason, onRejoin, onRate }: AfterCallProps) {
  const Icon = ICON[reason];
  useDocumentTitle(t(`after.${reason}.title`));
  return (
    <div data-phase="over" data-reason={reason}>
      <PageShell>
        <Explanation
          icon={<Icon aria-hidden="true" />}
          title={t(`after.${reason}.title`)}
          text={t(`after.${reason}.text`)}
        >
          <div className="flex flex-wrap justify-center gap-3">
            {CAN_COME_BACK.has(reason) && (
              <Button variant="primary" size="large" onClick={onRejoin}>
                {t(reason === "taken-elsewhere" ? "after.taken-elsewhere.action" : "after.rejoin")}
              </Button>
            )}
            <ButtonLink
              to="/"
              size="large"
              variant={CAN_COME_BACK.has(reason) ? "secondary" : "primary"}
            >
              {t("action.home")}
            </ButtonLink>
          </div>
          {HAS_BEEN_A_CALL.has(reason) && <QualityQuestion onRate={onRate} />}
        </Explanation>
      </PageShell>
    </div>
  );
}

const FACE: Readonly<Record<Quality, LucideIcon>> = {
  bad: Frown,
  fair: Annoyed,
  good: Smile,
  great: Laugh,
};

function QualityQuestion({ onRate }: Pick<AfterCallProps, "onRate">) {
  const [answered, setAnswered] = useState(false);
  return (
    <div className="mt-6 flex min-h-32 flex-col items-center gap-3 border-t border-line pt-6">
      {answered ? (
        <p role="status" className="m-0 text-muted">
          {t("after.thanks")}
        </p>
      ) : (
        <>
          <h2 className="m-0 text-base font-semibold">{t("after.quality")}</h2>
          <div className="flex gap-2">
            {QUALITIES.map((quality) => {
              const Face = FACE[quality];
              return (
                <button
                  key={quality}
                  type="button"
                  onClick={() => {
                    onRate(quality);
                    setAnswered(true);
                  }}
                  className="flex min-w-18 flex-col items-center gap-1 rounded-2xl px-3 py-2 text-sm text-muted hover:bg-surface-2 hover:text-text"
                >
                  <Face aria-hidden="true" size={28} />
                  {t(`after.quality.${quality}`)}
                </button>
              );
            })}
          </div>
        </>
      )}
    </div>
  );
}
