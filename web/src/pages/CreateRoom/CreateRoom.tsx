import { useEffect, useState, type FormEvent } from "react";
import { useNavigate } from "react-router";
import { PageShell } from "../../components/PageShell";
import { api } from "../../call";
import { useCreateRoom, type Creating } from "../../hooks/useCreateRoom";
import { useDocumentTitle } from "../../hooks/useDocumentTitle";
import { t } from "../../locales/later";
import type { PlainKey } from "../../locales/translate";
import type { CreateRoomRequest } from "../../protocol/generated";
import { Button } from "../../ui/Button";
import { SelectField } from "../../ui/SelectField";
import { TextField } from "../../ui/TextField";

export default function CreateRoom() {
  const navigate = useNavigate();
  const { state, create } = useCreateRoom();
  const [serverMax, setServerMax] = useState<number | null>(null);
  useDocumentTitle(t("create.title"));

  useEffect(() => {
    let current = true;
    async function load() {
      const config = await api.config();
      if (current && config.ok) setServerMax(config.value.max_participants);
    }
    void load();
    return () => {
      current = false;
    };
  }, []);

  async function submit(request: CreateRoomRequest) {
    const roomId = await create(request);
    if (roomId !== null) await navigate(`/r/${roomId}`);
  }

  return (
    <CreateRoomView creating={state} serverMax={serverMax} onCreate={(request) => void submit(request)} />
  );
}

/** Seconds, as the server takes them; the empty one is no limit. */
const LIFETIMES: readonly (readonly [seconds: string, PlainKey])[] = [
  ["", "create.life.none"],
  ["3600", "create.life.hour"],
  ["14400", "create.life.hours"],
  ["86400", "create.life.day"],
  ["604800", "create.life.week"],
  ["2592000", "create.life.month"],
];

/** The server's bound (`RoomName`), in characters; the field counts UTF-16 units, so it is a guide. */
const NAME_MAX = 100;

interface CreateRoomViewProps {
  readonly creating: Creating;
  /** Null while it is not known. */
  readonly serverMax: number | null;
  readonly onCreate: (request: CreateRoomRequest) => void;
}

export function CreateRoomView({ creating, serverMax, onCreate }: CreateRoomViewProps) {
  const [name, setName] = useState("");
  const [most, setMost] = useState("");
  const [lifetime, setLifetime] = useState("");
  const busy = creating.kind === "creating" || creating.kind === "waiting";

  function submit(event: FormEvent) {
    event.preventDefault();
    if (busy) return;
    const roomName = name.trim();
    onCreate({
      ...(roomName !== "" && { room_name: roomName }),
      ...(most !== "" && { max_participants: Number(most) }),
      ...(lifetime !== "" && { ttl_seconds: Number(lifetime) }),
    });
  }

  return (
    <PageShell>
      <div className="flex flex-col gap-6 rounded-[1.75rem] border border-line bg-surface p-6 shadow-raised sm:p-8">
        <header>
          <h1 className="m-0 text-3xl font-semibold">{t("create.title")}</h1>
          <p className="m-0 mt-2 text-muted">{t("create.lead")}</p>
        </header>
        <form onSubmit={submit} className="flex flex-col gap-5">
          <TextField
            label={t("create.name")}
            placeholder={t("create.namePlaceholder")}
            maxLength={NAME_MAX}
            value={name}
            autoComplete="off"
            onChange={(event) => setName(event.target.value)}
          />
          <TextField
            label={t("create.max")}
            placeholder={t("create.maxDefault")}
            hint={serverMax === null ? undefined : t("create.maxHint", { max: serverMax })}
            type="number"
            inputMode="numeric"
            min={2}
            max={serverMax ?? undefined}
            value={most}
            onChange={(event) => setMost(event.target.value)}
          />
          <SelectField
            label={t("create.life")}
            value={lifetime}
            options={LIFETIMES.map(([value, key]) => ({ value, label: t(key) }))}
            onChange={setLifetime}
          />
          {creating.kind === "failed" && (
            <p role="alert" className="m-0 text-sm text-danger-text">
              {t(creating.text)}
            </p>
          )}
          <Button type="submit" variant="primary" size="large" wide busy={busy}>
            {t(busy ? "create.submitting" : "create.submit")}
          </Button>
          <p role="status" className="m-0 text-center text-sm text-balance text-muted empty:hidden">
            {creating.kind === "waiting" && t("busy.waiting")}
          </p>
        </form>
      </div>
    </PageShell>
  );
}
