/** Why one cannot be in this call, each with its own words and a way on. */
import {
  CloudOff,
  DoorClosed,
  Hourglass,
  Link2Off,
  Lock,
  MonitorX,
  ServerOff,
  TicketX,
  UserRoundX,
  UsersRound,
} from "lucide-react";
import type { ReactNode } from "react";
import { CopyField } from "../../components/CopyField";
import { Countdown } from "../../components/Countdown";
import { Explanation } from "../../components/Explanation";
import { PageShell } from "../../components/PageShell";
import type { ErrorCode } from "../../protocol/generated";
import { t } from "../../locales/translate";
import { Button, ButtonLink } from "../../ui/Button";

interface CannotJoinProps {
  readonly code: ErrorCode | null;
  readonly roomId: string;
  /** It is being tried again. */
  readonly trying?: boolean;
  readonly onRetry: () => void;
  readonly onWithoutHostLink: () => void;
}

export function CannotJoin({ code, roomId, trying = false, onRetry, onWithoutHostLink }: CannotJoinProps) {
  const retry = (
    <Button variant="primary" size="large" busy={trying} onClick={onRetry}>
      {t("action.retry")}
    </Button>
  );
  switch (code) {
    case "room-full":
      return (
        <Page why={code} icon={<UsersRound />} title={t("explain.full.title")} text={t("explain.full.text")}>
          {retry}
          <ButtonLink to="/new">{t("action.newCall")}</ButtonLink>
        </Page>
      );
    case "room-not-found":
      return (
        <Page
          why={code}
          icon={<DoorClosed />}
          title={t("explain.gone.title")}
          text={t("explain.gone.text", { code: roomId })}
        >
          <ElsewhereLinks />
        </Page>
      );
    case "invalid-room-id":
      return <WrongLink code={roomId} />;
    case "room-locked":
      return (
        <Page why={code} icon={<Lock />} title={t("explain.locked.title")} text={t("explain.locked.text")}>
          {retry}
          <ButtonLink to="/">{t("action.home")}</ButtonLink>
        </Page>
      );
    case "removed":
      return (
        <Page why={code} icon={<UserRoundX />} title={t("explain.removed.title")} text={t("explain.removed.text")}>
          <ButtonLink to="/" variant="primary" size="large">
            {t("action.home")}
          </ButtonLink>
        </Page>
      );
    case "invalid-host-token":
      return (
        <Page why={code} icon={<TicketX />} title={t("explain.host.title")} text={t("explain.host.text")}>
          <Button variant="primary" size="large" onClick={onWithoutHostLink}>
            {t("explain.host.action")}
          </Button>
        </Page>
      );
    case "rate-limited":
      return (
        <Page why={code} icon={<Hourglass />} title={t("explain.busy.title")} text={t("explain.busy.text")}>
          {retry}
        </Page>
      );
    case "unavailable":
      return (
        <Page
          why={code}
          icon={<ServerOff />}
          title={t("explain.unavailable.title")}
          text={t("explain.unavailable.text")}
        >
          {retry}
        </Page>
      );
    default:
      return (
        <Page
          why={code ?? "refused"}
          icon={<ServerOff />}
          title={t("explain.refused.title")}
          text={code === null ? t("explain.unavailable.text") : t(`error.${code}`)}
        >
          {retry}
          <ButtonLink to="/">{t("action.home")}</ButtonLink>
        </Page>
      );
  }
}

export function WrongLink({ code }: { readonly code: string }) {
  return (
    <Page
      why="invalid-room-id"
      icon={<Link2Off />}
      title={t("explain.wrong.title")}
      text={t("explain.wrong.text", { code })}
    >
      <ElsewhereLinks />
    </Page>
  );
}

interface UnreachableProps {
  /** On the clock of `performance.now()`; null while it is tried. */
  readonly nextAttemptAt: number | null;
  readonly onRetry: () => void;
}

export function Unreachable({ nextAttemptAt, onRetry }: UnreachableProps) {
  return (
    <Page
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
    </Page>
  );
}

export function Unsupported({ link }: { readonly link: string }) {
  return (
    <Page
      why="unsupported"
      icon={<MonitorX />}
      title={t("explain.unsupported.title")}
      text={t("explain.unsupported.text")}
    >
      <div className="w-full max-w-sm text-left">
        <CopyField label={t("invite.link")} value={link} action={t("explain.copyLink")} prominent />
      </div>
    </Page>
  );
}

function ElsewhereLinks() {
  return (
    <>
      <ButtonLink to="/join" variant="primary" size="large">
        {t("action.otherCode")}
      </ButtonLink>
      <ButtonLink to="/new">{t("action.newCall")}</ButtonLink>
    </>
  );
}

interface PageProps {
  readonly why: string;
  readonly icon: ReactNode;
  readonly title: string;
  readonly text: string;
  readonly children: ReactNode;
}

function Page({ why, icon, title, text, children }: PageProps) {
  return (
    <div data-phase="refused" data-reason={why}>
      <PageShell>
        <Explanation icon={<span aria-hidden="true">{icon}</span>} title={title} text={text}>
          {children}
        </Explanation>
      </PageShell>
    </div>
  );
}
