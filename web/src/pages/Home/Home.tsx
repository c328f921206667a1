import { HardDrive, LockKeyhole, RefreshCw, Video, type LucideIcon } from "lucide-react";
import { Link, useNavigate } from "react-router";
import { JoinForm } from "../../components/JoinForm";
import { PageShell } from "../../components/PageShell";
import { useCreateRoom, type Creating } from "../../hooks/useCreateRoom";
import { useDocumentTitle } from "../../hooks/useDocumentTitle";
import { useEnterRoom, type EnterRoom } from "../../hooks/useEnterRoom";
import { t } from "../../locales/later";
import type { PlainKey } from "../../locales/translate";
import { Button } from "../../ui/Button";

export default function Home() {
  const navigate = useNavigate();
  const { state, create } = useCreateRoom();
  const enter = useEnterRoom();
  useDocumentTitle(null);

  async function start() {
    const roomId = await create({});
    if (roomId !== null) await navigate(`/r/${roomId}`);
  }

  return <HomeView creating={state} onStart={() => void start()} onJoin={enter} />;
}

interface HomeViewProps {
  readonly creating: Creating;
  readonly onStart: () => void;
  readonly onJoin: EnterRoom;
}

const POINTS: readonly (readonly [LucideIcon, PlainKey])[] = [
  [LockKeyhole, "home.point.direct"],
  [HardDrive, "home.point.own"],
  [RefreshCw, "home.point.stays"],
];

export function HomeView({ creating, onStart, onJoin }: HomeViewProps) {
  const starting = creating.kind === "creating" || creating.kind === "waiting";
  return (
    <PageShell
      width="wide"
      footer={
        <div className="flex flex-wrap gap-x-6 gap-y-2">
          <a href="/diagnose" className="text-sm text-muted underline-offset-4 hover:underline">
            {t("diagnose.link")}
          </a>
          <a href="/docs" className="text-sm text-muted underline-offset-4 hover:underline">
            {t("app.apiDocs")}
          </a>
        </div>
      }
    >
      <div className="grid items-center gap-10 lg:grid-cols-[1.2fr_1fr] lg:gap-20">
        <div className="flex flex-col gap-6">
          <h1 className="m-0 text-5xl leading-[1.05] font-bold tracking-[-0.035em] sm:text-6xl">
            {t("home.title")}
          </h1>
          <p className="m-0 max-w-md text-xl text-muted">{t("home.lead")}</p>
          <ul className="m-0 mt-2 hidden list-none flex-col gap-3 p-0 text-muted sm:flex">
            {POINTS.map(([Icon, key]) => (
              <li key={key} className="flex items-start gap-3">
                <Icon aria-hidden="true" size={20} className="mt-0.5 shrink-0 text-accent-text" />
                {t(key)}
              </li>
            ))}
          </ul>
        </div>
        <div className="relative isolate">
          <Backdrop />
          <div className="flex flex-col gap-6 rounded-[1.75rem] border border-line bg-surface p-6 shadow-raised sm:p-8">
          <div className="flex flex-col gap-3">
            <Button
              variant="primary"
              size="large"
              wide
              busy={starting}
              icon={<Video aria-hidden="true" size={20} />}
              onClick={onStart}
            >
              {t(starting ? "home.starting" : "home.start")}
            </Button>
            <p role="status" className="m-0 text-center text-sm text-balance text-muted empty:hidden">
              {creating.kind === "waiting" && t("busy.waiting")}
            </p>
            {creating.kind === "failed" && (
              <p role="alert" className="m-0 text-center text-sm text-danger-text">
                {t(creating.text)}
              </p>
            )}
            <Link
              to="/new"
              className="self-center rounded-lg px-2 py-1 text-sm font-semibold text-accent-text underline-offset-4 hover:underline"
            >
              {t("home.options")}
            </Link>
          </div>
          <div className="flex items-center gap-4 text-sm text-muted">
            <span aria-hidden="true" className="h-px flex-1 bg-line" />
            {t("home.or")}
            <span aria-hidden="true" className="h-px flex-1 bg-line" />
          </div>
          <JoinForm onJoin={onJoin} />
          </div>
        </div>
      </div>
    </PageShell>
  );
}

/** The mark, large and faint behind the card. */
function Backdrop() {
  return (
    <svg
      aria-hidden="true"
      viewBox="0 0 32 24"
      className="pointer-events-none absolute -inset-x-20 top-1/2 -z-10 hidden -translate-y-1/2 text-accent opacity-10 lg:block"
    >
      <circle cx="11" cy="12" r="11" fill="currentColor" />
      <circle cx="21" cy="12" r="11" fill="currentColor" opacity="0.5" />
    </svg>
  );
}
