import { JoinForm } from "../../components/JoinForm";
import { PageShell } from "../../components/PageShell";
import { useDocumentTitle } from "../../hooks/useDocumentTitle";
import { useEnterRoom, type EnterRoom } from "../../hooks/useEnterRoom";
import { t } from "../../locales/later";

export default function JoinRoom() {
  useDocumentTitle(t("join.title"));
  return <JoinRoomView onJoin={useEnterRoom()} />;
}

interface JoinRoomViewProps {
  readonly onJoin: EnterRoom;
}

export function JoinRoomView({ onJoin }: JoinRoomViewProps) {
  return (
    <PageShell>
      <div className="flex flex-col gap-6 rounded-[1.75rem] border border-line bg-surface p-6 shadow-raised sm:p-8">
        <header>
          <h1 className="m-0 text-3xl font-semibold">{t("join.title")}</h1>
          <p className="m-0 mt-2 text-muted">{t("join.lead")}</p>
        </header>
        <JoinForm onJoin={onJoin} focused />
      </div>
    </PageShell>
  );
}
