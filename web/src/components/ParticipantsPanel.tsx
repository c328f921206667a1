import {
  Crown,
  EllipsisVertical,
  Hand,
  Mic,
  MicOff,
  PhoneOff,
  Pin,
  PinOff,
  Radio,
  TriangleAlert,
  UserRoundX,
  Video,
  VideoOff,
  type LucideIcon,
} from "lucide-react";
import { memo, useMemo, useState } from "react";
import type { CallState } from "../call/model";
import { t } from "../locales/later";
import { Avatar } from "../ui/Avatar";
import { Button } from "../ui/Button";
import { cx } from "../ui/classNames";
import { Popover } from "../ui/Popover";
import { Switch } from "../ui/Switch";
import type { CallActions } from "./callActions";
import { ConfirmDialog } from "./ConfirmDialog";
import { peopleOf, type PersonView } from "./people";
import { RenameForm } from "./RenameForm";
import type { OwnMedia } from "./tiles";

interface ParticipantsPanelProps {
  readonly call: CallState;
  readonly media: OwnMedia;
  readonly actions: CallActions;
  /** The key of the tile that is kept large. */
  readonly pinned: string | null;
  readonly onPin: (key: string) => void;
}

/** From here on, scrolling takes longer than typing a name. */
const SEARCH_FROM = 16;

/** What a host is asked about before it happens. */
type Question = { kind: "remove" | "make-host"; person: PersonView } | { kind: "end" };

export default function ParticipantsPanel({ call, media, actions, pinned, onPin }: ParticipantsPanelProps) {
  const [question, setQuestion] = useState<Question | null>(null);
  const [search, setSearch] = useState("");
  const { microphone, camera, screen } = media;
  const people = useMemo(
    () => peopleOf(call, { microphone, camera, screen }),
    [call, microphone, camera, screen],
  );
  const searched = people.length >= SEARCH_FROM ? search.trim().toLocaleLowerCase() : "";
  const found = people.filter(({ name }) => name.toLocaleLowerCase().includes(searched));
  // With two, there is nothing to choose from.
  const canPin = people.length > 2;
  const asHost = call.self?.role === "host";

  return (
    <div className="flex min-h-0 flex-1 flex-col">
      {call.room !== null && (
        <p className="m-0 px-5 pb-2 text-sm text-muted">
          {t("people.count", { count: people.length, max: call.room.maxParticipants })}
        </p>
      )}
      {people.length >= SEARCH_FROM && (
        <div className="px-4 pb-2">
          <input
            type="search"
            aria-label={t("people.search")}
            placeholder={t("people.search")}
            value={search}
            onChange={(event) => setSearch(event.target.value)}
            className="min-h-11 w-full rounded-xl border border-line-strong bg-surface px-3 text-[0.95rem] text-text placeholder:text-muted"
          />
        </div>
      )}
      {found.length === 0 && (
        <p role="status" className="m-0 px-5 py-2 text-sm text-muted">
          {t("people.searchNobody")}
        </p>
      )}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- scrollable by keys */}
      <div tabIndex={0} role="group" aria-label={t("people.list")} className="min-h-0 flex-1 overflow-y-auto px-2">
        <ul className="m-0 flex list-none flex-col p-0">
          {found.map((person) => (
            <PersonRow
              key={person.peerId}
              {...person}
              actions={actions}
              asHost={asHost}
              pinned={person.peerId === pinned}
              onPin={canPin ? onPin : null}
              onAsk={setQuestion}
            />
          ))}
        </ul>
      </div>
      {asHost && call.room !== null && (
        <div className="flex flex-col gap-2 border-t border-line p-3">
          <Switch
            label={t("people.lock")}
            hint={t("people.lockHint")}
            on={call.room.locked}
            onChange={actions.setLocked}
          />
          <Button
            variant="outline"
            icon={<PhoneOff aria-hidden="true" size={18} />}
            onClick={() => setQuestion({ kind: "end" })}
          >
            {t("people.end")}
          </Button>
        </div>
      )}
      {question !== null && (
        <HostQuestion question={question} actions={actions} onClose={() => setQuestion(null)} />
      )}
    </div>
  );
}

/** Flat, so that in a room of a hundred only those rows are rendered again that change. */
interface PersonRowProps extends PersonView {
  readonly asHost: boolean;
  readonly actions: CallActions;
  readonly pinned: boolean;
  readonly onPin: ((key: string) => void) | null;
  readonly onAsk: (question: Question) => void;
}

const PersonRow = memo(function PersonRow(person: PersonRowProps) {
  const { asHost, actions, onPin, finding } = person;
  return (
    <li
      data-peer-id={person.peerId}
      // What is scrolled out of sight costs no layout.
      className="flex min-h-14 flex-wrap items-center gap-3 rounded-xl px-3 py-1.5 [contain-intrinsic-size:auto_3.5rem] [content-visibility:auto]"
    >
      <Avatar name={person.name} size="small" />
      <span className="flex min-w-0 flex-1 flex-col">
        <span className="truncate text-[0.95rem] font-medium">
          {person.name}
        </span>
        {(person.self || person.host || person.publisher) && (
          <span className="flex items-center gap-2 text-xs text-muted">
            {person.self && <span>{t("people.you")}</span>}
            {person.host && (
              <span className="flex items-center gap-1">
                <Crown aria-hidden="true" size={12} />
                {t("people.host")}
              </span>
            )}
            {person.publisher && (
              <span className="flex items-center gap-1">
                <Radio aria-hidden="true" size={12} />
                {t("tile.publisher")}
              </span>
            )}
          </span>
        )}
        {finding !== null && (
          <span
            className={cx(
              "flex items-center gap-1 text-xs",
              finding === "nothing" ? "text-warn-text" : "text-muted",
            )}
          >
            {finding === "nothing" && <TriangleAlert aria-hidden="true" size={12} className="shrink-0" />}
            {t(`people.reach.${finding}`)}
          </span>
        )}
      </span>
      {person.handPlace !== null && (
        <span className="flex items-center gap-0.5 rounded-full bg-warn-soft px-2 py-1 text-xs font-semibold text-warn-text">
          <Hand aria-hidden="true" size={14} />
          <span aria-hidden="true">{person.handPlace}</span>
          <span className="sr-only">{t("people.handAt", { place: person.handPlace })}</span>
        </span>
      )}
      <State on={person.microphone} icons={[Mic, MicOff]} words={["people.micOn", "people.micOff"]} />
      <State on={person.camera} icons={[Video, VideoOff]} words={["people.camOn", "people.camOff"]} />
      {!person.self && (asHost || onPin !== null) && <PersonMenu {...person} />}
      {person.self && <RenameForm name={person.name} onRename={actions.rename} />}
    </li>
  );
});

interface StateProps {
  readonly on: boolean;
  readonly icons: readonly [on: LucideIcon, off: LucideIcon];
  readonly words: readonly ["people.micOn", "people.micOff"] | readonly ["people.camOn", "people.camOff"];
}

function State({ on, icons, words }: StateProps) {
  const Icon = on ? icons[0] : icons[1];
  return (
    <span className={on ? "text-muted" : "text-danger-text"}>
      <Icon aria-hidden="true" size={18} />
      <span className="sr-only">{t(on ? words[0] : words[1])}</span>
    </span>
  );
}

const MENU_ITEM =
  "flex min-h-11 w-full items-center gap-3 rounded-xl px-3 text-left text-[0.95rem] hover:bg-surface-2 disabled:opacity-55 disabled:hover:bg-transparent";

function PersonMenu(person: PersonRowProps) {
  const { asHost, actions, pinned, onPin, onAsk } = person;
  const label = t("people.actions", { name: person.name });
  return (
    <Popover
      label={label}
      triggerLabel={label}
      triggerClass="grid size-9 place-items-center rounded-full hover:bg-surface-2"
      trigger={<EllipsisVertical aria-hidden="true" size={18} />}
    >
      {(close) => (
        <div className="flex w-60 flex-col">
          {onPin !== null && (
            <button
              type="button"
              className={MENU_ITEM}
              onClick={() => {
                onPin(person.peerId);
                close();
              }}
            >
              {pinned ? <PinOff aria-hidden="true" size={18} /> : <Pin aria-hidden="true" size={18} />}
              {t(pinned ? "people.unpin" : "people.pin")}
            </button>
          )}
          {asHost && (
            <>
              <button
                type="button"
                className={MENU_ITEM}
                disabled={!person.microphone}
                onClick={() => {
                  actions.lowerMicrophone(person.peerId);
                  close();
                }}
              >
                <MicOff aria-hidden="true" size={18} />
                {t("people.lower")}
              </button>
              <button
                type="button"
                className={MENU_ITEM}
                disabled={person.host}
                onClick={() => {
                  close();
                  onAsk({ kind: "make-host", person });
                }}
              >
                <Crown aria-hidden="true" size={18} />
                {t("people.makeHost")}
              </button>
              <button
                type="button"
                className={`${MENU_ITEM} text-danger-text`}
                onClick={() => {
                  close();
                  onAsk({ kind: "remove", person });
                }}
              >
                <UserRoundX aria-hidden="true" size={18} />
                {t("people.remove")}
              </button>
            </>
          )}
        </div>
      )}
    </Popover>
  );
}

interface HostQuestionProps {
  readonly question: Question;
  readonly actions: CallActions;
  readonly onClose: () => void;
}

function HostQuestion({ question, actions, onClose }: HostQuestionProps) {
  switch (question.kind) {
    case "remove":
      return (
        <ConfirmDialog
          title={t("people.removeTitle", { name: question.person.name })}
          text={t("people.removeText")}
          action={t("people.removeConfirm")}
          onConfirm={() => actions.removeParticipant(question.person.peerId)}
          onClose={onClose}
        />
      );
    case "make-host":
      return (
        <ConfirmDialog
          title={t("people.makeHostTitle", { name: question.person.name })}
          text={t("people.makeHostText")}
          action={t("people.makeHostConfirm")}
          onConfirm={() => actions.transferHost(question.person.peerId)}
          onClose={onClose}
        />
      );
    case "end":
      return (
        <ConfirmDialog
          title={t("people.endTitle")}
          text={t("people.endText")}
          action={t("people.endConfirm")}
          onConfirm={actions.endCall}
          onClose={onClose}
        />
      );
  }
}
