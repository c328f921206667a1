/** Why one cannot be in this call, each with its own words and a way on. */
import {
  DoorClosed,
  Hourglass,
  Lock,
  ServerOff,
  TicketX,
  UserRoundX,
  UsersRound,
} from "lucide-react";
import type { ErrorCode } from "../../../protocol/generated";
import { t } from "../../../locales/later";
import { Button, ButtonLink } from "../../../ui/Button";
import { Refusal } from "../Refusal";
import { ElsewhereLinks } from "./ElsewhereLinks";
import WrongLink from "./WrongLink";

interface CannotJoinProps {
  readonly code: ErrorCode | null;
  readonly roomId: string;
  /** It is being tried again. */
  readonly trying?: boolean;
  readonly onRetry: () => void;
  readonly onWithoutHostLink: () => void;
}

export default function CannotJoin({ code, roomId, trying = false, onRetry, onWithoutHostLink }: CannotJoinProps) {
  const retry = (
    <Button variant="primary" size="large" busy={trying} onClick={onRetry}>
      {t("action.retry")}
    </Button>
  );
  switch (code) {
    case "room-full":
      return (
        <Refusal why={code} icon={<UsersRound />} title={t("explain.full.title")} text={t("explain.full.text")}>
          {retry}
          <ButtonLink to="/new">{t("action.newCall")}</ButtonLink>
        </Refusal>
      );
    case "room-not-found":
      return (
        <Refusal
          why={code}
          icon={<DoorClosed />}
          title={t("explain.gone.title")}
          text={t("explain.gone.text", { code: roomId })}
        >
          <ElsewhereLinks />
        </Refusal>
      );
    case "invalid-room-id":
      return <WrongLink code={roomId} />;
    case "room-locked":
      return (
        <Refusal why={code} icon={<Lock />} title={t("explain.locked.title")} text={t("explain.locked.text")}>
          {retry}
          <ButtonLink to="/">{t("action.home")}</ButtonLink>
        </Refusal>
      );
    case "removed":
      return (
        <Refusal why={code} icon={<UserRoundX />} title={t("explain.removed.title")} text={t("explain.removed.text")}>
          <ButtonLink to="/" variant="primary" size="large">
            {t("action.home")}
          </ButtonLink>
        </Refusal>
      );
    case "invalid-host-token":
      return (
        <Refusal why={code} icon={<TicketX />} title={t("explain.host.title")} text={t("explain.host.text")}>
          <Button variant="primary" size="large" onClick={onWithoutHostLink}>
            {t("explain.host.action")}
          </Button>
        </Refusal>
      );
    case "rate-limited":
      return (
        <Refusal why={code} icon={<Hourglass />} title={t("explain.busy.title")} text={t("explain.busy.text")}>
          {retry}
        </Refusal>
      );
    case "unavailable":
      return (
        <Refusal
          why={code}
          icon={<ServerOff />}
          title={t("explain.unavailable.title")}
          text={t("explain.unavailable.text")}
        >
          {retry}
        </Refusal>
      );
    default:
      return (
        <Refusal
          why={code ?? "refused"}
          icon={<ServerOff />}
          title={t("explain.refused.title")}
          text={code === null ? t("explain.unavailable.text") : t(`error.${code}`)}
        >
          {retry}
          <ButtonLink to="/">{t("action.home")}</ButtonLink>
        </Refusal>
      );
  }
}
