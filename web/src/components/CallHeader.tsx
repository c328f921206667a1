import { Activity, Keyboard, Lock, UserPlus } from "lucide-react";
import { Suspense } from "react";
import type { CallState, RoomView } from "../call/model";
import { t } from "../locales/translate";
import { IconButton } from "../ui/IconButton";
import type { CallDialog } from "./callActions";
import { lazyPart } from "./lazyPart";
import { PartBoundary } from "./PartBoundary";

export const loadPreflightChip = () => import("./PreflightChip");
const PreflightChip = lazyPart(loadPreflightChip);

interface CallHeaderProps {
  readonly room: RoomView;
  readonly phone: boolean;
  readonly call: CallState;
  readonly onDialog: (dialog: CallDialog) => void;
}

export function roomTitle(room: Pick<RoomView, "name" | "roomId">): string {
  return room.name ?? t("room.untitled", { code: room.roomId });
}

export function CallHeader({ room, phone, call, onDialog }: CallHeaderProps) {
  return (
    <header className="flex items-center justify-between gap-3 pl-2">
      <div className="flex min-w-0 items-center gap-2">
        <h1 className="m-0 truncate text-base font-semibold">{roomTitle(room)}</h1>
        {room.locked && (
          <span title={t("info.locked")} className="text-warn-text">
            <Lock aria-hidden="true" size={16} />
            <span className="sr-only">{t("info.locked")}</span>
          </span>
        )}
      </div>
      <div className="flex min-w-0 items-center gap-1">
        {call.mediaFrom !== null && call.topology === "mesh" && (
          <PartBoundary>
            <Suspense fallback={null}>
              <PreflightChip call={call} phone={phone} />
            </Suspense>
          </PartBoundary>
        )}
        <IconButton label={t("controls.info")} onClick={() => onDialog("invite")}>
          <UserPlus aria-hidden="true" size={20} />
        </IconButton>
        {!phone && (
          <>
            <IconButton label={t("controls.stats")} onClick={() => onDialog("stats")}>
              <Activity aria-hidden="true" size={20} />
            </IconButton>
            <IconButton label={t("controls.shortcuts")} onClick={() => onDialog("shortcuts")}>
              <Keyboard aria-hidden="true" size={20} />
            </IconButton>
          </>
        )}
      </div>
    </header>
  );
}
