import { useId } from "react";
import type { RoomView } from "../call/model";
import { t } from "../locales/later";
import RoomInfo from "./RoomInfo";

interface InvitePanelProps {
  readonly room: RoomView;
  readonly origin: string;
  readonly hostToken: string | null;
}

/** While nobody else is here, inviting is the thing to do. */
export default function InvitePanel({ room, origin, hostToken }: InvitePanelProps) {
  const titleId = useId();
  return (
    <section aria-labelledby={titleId} className="flex flex-col gap-4 overflow-y-auto rounded-card border border-line bg-surface p-5 sm:p-6">
      <div>
        <h2 id={titleId} className="m-0 text-xl font-semibold">{t("invite.title")}</h2>
        <p className="m-0 mt-1 text-muted">{t("invite.text")}</p>
      </div>
      <RoomInfo room={room} origin={origin} hostToken={hostToken} />
    </section>
  );
}
