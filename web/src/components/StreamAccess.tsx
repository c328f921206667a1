import { Cast, Eye } from "lucide-react";
import { useStreamToken } from "../hooks/useStreamToken";
import { t } from "../locales/later";
import { formatDateTime } from "../locales/translate";
import type { RoomId } from "../protocol/generated";
import { Button } from "../ui/Button";
import { CopyField } from "./CopyField";

interface StreamAccessProps {
  readonly roomId: RoomId;
  readonly hostToken: string;
}

/** For hosts: addresses and tokens by which streaming programs send into the room, or show it. */
export default function StreamAccess({ roomId, hostToken }: StreamAccessProps) {
  const { state, make } = useStreamToken(roomId, hostToken);
  const asking = state.kind === "asking" ? state.wanted : null;
  return (
    <section className="flex flex-col gap-3" aria-labelledby="stream-access">
      <h3 id="stream-access" className="m-0 text-sm font-semibold">
        {t("stream.title")}
      </h3>
      <p className="m-0 text-sm text-muted">{t("stream.hint")}</p>
      <div className="flex flex-wrap gap-2">
        <Button
          size="small"
          icon={<Cast aria-hidden="true" size={16} />}
          busy={asking === "publish"}
          onClick={() => void make("publish")}
        >
          {t("stream.publish")}
        </Button>
        <Button
          size="small"
          icon={<Eye aria-hidden="true" size={16} />}
          busy={asking === "watch"}
          onClick={() => void make("watch")}
        >
          {t("stream.watch")}
        </Button>
      </div>
      <div role="status" className="empty:hidden">
        {state.kind === "failed" && <p className="m-0 text-sm text-danger-text">{t(state.text)}</p>}
        {state.kind === "made" && (
          <p className="m-0 text-sm text-muted">
            {t(state.wanted === "publish" ? "stream.publishHow" : "stream.watchHow", {
              time: formatDateTime(Date.parse(state.token.expires_at)),
            })}
          </p>
        )}
      </div>
      {state.kind === "made" && (
        <div key={state.token.token} className="flex flex-col gap-3">
          <CopyField label={t("stream.address")} value={state.token.url} action={t("stream.copyAddress")} />
          <CopyField label={t("stream.token")} value={state.token.token} action={t("stream.copyToken")} />
        </div>
      )}
    </section>
  );
}
