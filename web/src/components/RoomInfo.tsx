import { Clock, Lock, Share2 } from "lucide-react";
import { Suspense, useState } from "react";
import type { CallState, RoomView } from "../call/model";
import { hostLink } from "../hooks/hostTokens";
import { roomLink } from "../hooks/roomCode";
import { t } from "../locales/later";
import { formatDateTime } from "../locales/translate";
import { Button } from "../ui/Button";
import { CopyField } from "./CopyField";
import { lazyPart } from "./lazyPart";
import StreamAccess from "./StreamAccess";
import { PartBoundary } from "./PartBoundary";
import { preflightOf } from "./preflight";
import { PreflightFindings } from "./PreflightFindings";

const QrCode = lazyPart(() => import("./QrCode"));

interface RoomInfoProps {
  readonly room: Pick<RoomView, "roomId" | "name" | "locked" | "expiresAt">;
  readonly origin: string;
  /** Only those who are hosts by link have one. */
  readonly hostToken: string | null;
  /** Within one: it tells who could not stay when it grows. */
  readonly call?: CallState;
  readonly qrShown?: boolean;
}

/** The code, the link in every form, and the private link of hosts. */
export default function RoomInfo({
  room,
  origin,
  hostToken,
  call,
  qrShown = false,
}: RoomInfoProps) {
  const [qr, setQr] = useState(qrShown);
  const preflight = call === undefined ? null : preflightOf(call);
  const from = call?.mediaFrom ?? null;
  const link = roomLink(origin, room.roomId);
  return (
    <div className="flex flex-col gap-4">
      <dl className="m-0 flex flex-wrap items-baseline gap-x-3 gap-y-1">
        <dt className="text-sm font-semibold text-muted">{t("info.code")}</dt>
        <dd className="m-0 font-mono text-xl font-semibold tracking-[0.12em]">{room.roomId}</dd>
      </dl>
      {room.locked && (
        <p className="m-0 flex items-center gap-2 text-sm text-warn-text">
          <Lock aria-hidden="true" size={16} />
          {t("info.locked")}
        </p>
      )}
      {room.expiresAt !== null && (
        <p className="m-0 flex items-center gap-2 text-sm text-muted">
          <Clock aria-hidden="true" size={16} />
          {t("info.expires", { time: formatDateTime(room.expiresAt) })}
        </p>
      )}
      <CopyField label={t("invite.link")} value={link} action={t("invite.copy")} prominent />
      <div className="flex flex-wrap gap-2">
        {"share" in navigator && <ShareButton link={link} title={room.name} />}
        {!qr && (
          <Button size="small" variant="ghost" onClick={() => setQr(true)}>
            {t("invite.showQr")}
          </Button>
        )}
      </div>
      {qr && (
        <PartBoundary>
          <Suspense fallback={<p className="m-0 text-sm text-muted">{t("app.loading")}</p>}>
            <figure className="m-0 flex flex-wrap items-center gap-4">
              <QrCode text={link} />
              <figcaption className="max-w-40 text-sm text-muted">{t("invite.qrHint")}</figcaption>
            </figure>
          </Suspense>
        </PartBoundary>
      )}
      {preflight !== null && preflight.kind !== "none" && from !== null && (
        <div className="border-t border-line pt-4">
          <PreflightFindings preflight={preflight} from={from} ports={call?.mediaPorts ?? null} />
        </div>
      )}
      {hostToken !== null && (
        <div className="border-t border-line pt-4">
          <CopyField
            label={t("info.hostLink")}
            value={hostLink(origin, room.roomId, hostToken)}
            action={t("info.copyHostLink")}
            hint={t("info.hostLinkHint")}
          />
        </div>
      )}
      {hostToken !== null && (
        <div className="border-t border-line pt-4">
          <StreamAccess roomId={room.roomId} hostToken={hostToken} />
        </div>
      )}
    </div>
  );
}

interface ShareButtonProps {
  readonly link: string;
  readonly title: string | null;
}

function ShareButton({ link, title }: ShareButtonProps) {
  async function share() {
    try {
      await navigator.share({ title: title ?? t("app.name"), text: t("invite.shareText"), url: link });
    } catch (error) {
      // Closed without choosing, or not allowed here: the link above can be copied.
      if (!(error instanceof DOMException)) throw error;
    }
  }
  return (
    <Button
      size="small"
      icon={<Share2 aria-hidden="true" size={16} />}
      onClick={() => void share()}
    >
      {t("invite.share")}
    </Button>
  );
}
