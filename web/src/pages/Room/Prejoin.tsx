import { Crown, Mic, MicOff, Settings2, Video, VideoOff } from "lucide-react";
import { Suspense, useCallback, useState, type FormEvent } from "react";
import type { LocalMediaState, Observable } from "../../call/model";
import type { DeviceActions } from "../../components/callActions";
import { OwnTrackButton } from "../../components/CallControls";
import { lazyPart } from "../../components/lazyPart";
import type { MissingDevice } from "../../components/mediaFailures";
import { MediaProblems } from "../../components/MediaProblems";
import { MicrophoneMeter } from "../../components/MicrophoneMeter";
import { NAME_PROBLEM } from "../../components/nameProblems";
import { PageShell } from "../../components/PageShell";
import { PartBoundary } from "../../components/PartBoundary";
import { nameProblem } from "../../hooks/rememberedName";
import { useAfterDelay } from "../../hooks/useAfterDelay";
import { useSilence } from "../../hooks/useSilence";
import { t, type EarlyPlainKey } from "../../locales/translate";
import { Button } from "../../ui/Button";
import { cx } from "../../ui/classNames";
import { ControlButton } from "../../ui/ControlButton";
import { Dialog } from "../../ui/Dialog";
import { TextField } from "../../ui/TextField";

const DeviceMenu = lazyPart(() => import("../../components/DeviceMenu"));

/** A question of the browser that is still open then wants pointing at. */
const ASKING_SHOWN_AFTER_MS = 1_200;

export interface PrejoinProps {
  readonly title: string;
  /** Null while it is not known. */
  readonly people: number | null;
  readonly asHost: boolean;
  readonly initialName: string;
  readonly media: LocalMediaState;
  readonly level: Observable<number>;
  readonly origin: string;
  /** `waiting`: the server is away; joining goes on when it is back. */
  readonly joining: "no" | "joining" | "waiting";
  readonly nameError: EarlyPlainKey | null;
  /** The same call is open in another tab. */
  readonly otherTab: boolean;
  readonly onTakeOver: () => void;
  readonly onMicrophone: (on: boolean) => void;
  readonly onCamera: (on: boolean) => void;
  readonly onRetry: (device: MissingDevice) => void;
  readonly deviceActions: DeviceActions;
  readonly onJoin: (name: string) => void;
}

export function Prejoin(props: PrejoinProps) {
  const { media, people, origin, onRetry } = props;
  const silent = useSilence(props.level, media.microphone.kind === "live");
  return (
    <PageShell width="wide">
      <div className="grid items-center gap-6 lg:grid-cols-[1.35fr_1fr] lg:gap-14">
        <div className="flex flex-col gap-4">
          <Preview {...props} />
          {silent && (
            <p role="status" className="m-0 rounded-2xl bg-warn-soft p-4 text-sm text-warn-text">
              {t("prejoin.silent")}
            </p>
          )}
          <MediaProblems media={media} origin={origin} onRetry={onRetry} />
        </div>
        <div className="flex flex-col gap-6">
          <header>
            <p className="m-0 truncate text-base font-semibold text-accent-text">{props.title}</p>
            <h1 className="m-0 mt-1 text-3xl font-semibold sm:text-4xl">{t("prejoin.title")}</h1>
            <p className="m-0 mt-2 min-h-6 text-muted">
              {people !== null &&
                (people === 0 ? t("prejoin.nobody") : t("prejoin.people", { count: people }))}
            </p>
            {props.asHost && (
              <p className="m-0 mt-1 flex items-center gap-1.5 text-muted">
                <Crown aria-hidden="true" size={16} />
                {t("prejoin.asHost")}
              </p>
            )}
          </header>
          {props.otherTab && <OtherTab onTakeOver={props.onTakeOver} />}
          <JoinCallForm {...props} />
        </div>
      </div>
    </PageShell>
  );
}

function OtherTab({ onTakeOver }: Pick<PrejoinProps, "onTakeOver">) {
  return (
    <div role="status" className="flex flex-wrap items-center gap-3 rounded-2xl bg-surface-2 p-4">
      <p className="m-0 flex-1 text-sm font-medium">{t("after.taken-elsewhere.title")}</p>
      <Button size="small" variant="outline" onClick={onTakeOver}>
        {t("after.taken-elsewhere.action")}
      </Button>
    </div>
  );
}

function JoinCallForm({ initialName, media, joining, nameError, onJoin }: PrejoinProps) {
  const [name, setName] = useState(initialName);
  const [tried, setTried] = useState<string | null>(null);
  const problem = nameProblem(name);
  // Said only after trying, and until the name is changed.
  const error = tried === name ? (problem === null ? nameError : NAME_PROBLEM[problem]) : null;
  const without = media.microphone.kind === "failed" && media.camera.kind === "failed";

  function submit(event: FormEvent) {
    event.preventDefault();
    setTried(name);
    if (problem === null && joining === "no") onJoin(name.trim());
  }

  return (
    <form noValidate onSubmit={submit} className="flex flex-col gap-5">
      <TextField
        label={t("prejoin.name")}
        placeholder={t("prejoin.namePlaceholder")}
        value={name}
        autoComplete="name"
        // oxlint-disable-next-line jsx-a11y/no-autofocus -- the first thing to do here, if it is not known yet
        autoFocus={initialName === ""}
        error={error === null ? null : t(error)}
        onChange={(event) => setName(event.target.value)}
      />
      <Button type="submit" variant="primary" size="large" wide busy={joining !== "no"}>
        {t(joining !== "no" ? "prejoin.joining" : without ? "prejoin.joinWithout" : "prejoin.join")}
      </Button>
      <p role="status" className="m-0 text-sm text-muted empty:hidden">
        {joining === "waiting" && t("prejoin.waiting")}
      </p>
    </form>
  );
}

function Preview({ media, level, deviceActions, onMicrophone, onCamera }: PrejoinProps) {
  const [choosing, setChoosing] = useState(false);
  const stream = media.camera.kind === "live" ? media.camera.stream : null;
  const attach = useCallback(
    (video: HTMLVideoElement | null) => {
      if (video !== null && video.srcObject !== stream) video.srcObject = stream;
    },
    [stream],
  );
  return (
    <section
      data-theme="dark"
      aria-label={t("prejoin.preview")}
      className={cx(
        "relative w-full overflow-hidden rounded-card bg-tile text-text shadow-raised sm:aspect-video",
        // On a phone, the words about what is missing need the room.
        media.camera.kind === "failed" ? "aspect-[2/1]" : "aspect-[4/3]",
      )}
    >
      {stream === null ? (
        <PreviewWords media={media} />
      ) : (
        <video
          ref={attach}
          autoPlay
          playsInline
          muted
          className="absolute inset-0 size-full -scale-x-100 object-cover"
        />
      )}
      <div className="absolute inset-x-0 bottom-0 flex items-center justify-center gap-3 bg-linear-to-t from-black/60 to-transparent p-4 pt-10">
        <OwnTrackButton
          label={t("controls.microphone")}
          hint={t(media.microphone.kind === "live" ? "controls.mute" : "controls.unmute")}
          track={media.microphone}
          icons={[Mic, MicOff]}
          onSet={onMicrophone}
        />
        <OwnTrackButton
          label={t("controls.camera")}
          hint={t(media.camera.kind === "live" ? "controls.cameraOff" : "controls.cameraOn")}
          track={media.camera}
          icons={[Video, VideoOff]}
          onSet={onCamera}
        />
        <ControlButton label={t("devices.open")} onClick={() => setChoosing(true)}>
          <Settings2 aria-hidden="true" size={22} />
        </ControlButton>
      </div>
      {media.microphone.kind === "live" && (
        <div className="absolute inset-x-4 top-4 rounded-full bg-black/50 p-1.5 sm:right-auto sm:w-40">
          <MicrophoneMeter level={level} />
        </div>
      )}
      {choosing && (
        <Dialog title={t("devices.title")} onClose={() => setChoosing(false)}>
          <PartBoundary>
            <Suspense fallback={<p className="m-0 text-muted">{t("app.loading")}</p>}>
              <DeviceMenu
                devices={media.devices}
                selected={media.selected}
                level={level}
                actions={deviceActions}
              />
            </Suspense>
          </PartBoundary>
        </Dialog>
      )}
    </section>
  );
}

function PreviewWords({ media }: Pick<PrejoinProps, "media">) {
  const starting = media.camera.kind === "starting";
  const asking = useAfterDelay(starting, ASKING_SHOWN_AFTER_MS);
  return (
    <div role="status" className="absolute inset-0 grid place-content-center gap-1 p-6 pb-20 text-center">
      {asking && <p className="m-0 text-lg font-semibold">{t("prejoin.askingTitle")}</p>}
      <p className="m-0 text-muted">
        {t(asking ? "prejoin.asking" : starting ? "prejoin.cameraStarting" : "prejoin.cameraOff")}
      </p>
    </div>
  );
}
