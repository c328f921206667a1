/**
 * The call as it is seen: everything comes in as plain values, so each state can be shown without
 * an engine.
 */
import { AudioLines, MonitorUp, ServerOff, Volume2, WifiOff } from "lucide-react";
import { useCallback, useMemo, useRef, useState } from "react";
import type { CallState, CallStats, LocalMediaState, LocalTrackState, Observable, RoomView } from "../../call/model";
import { Banner } from "../../components/Banner";
import type { CallActions, CallDialog, DeviceActions, Panel } from "../../components/callActions";
import { CallAudio, playAll } from "../../components/CallAudio";
import { CallControls } from "../../components/CallControls";
import { CallHeader, roomTitle } from "../../components/CallHeader";
import { MediaProblems } from "../../components/MediaProblems";
import { Notices } from "../../components/Notices";
import { tilesOf } from "../../components/tiles";
import { VideoGrid } from "../../components/VideoGrid";
import { rememberedLayout, rememberLayout, type LayoutMode } from "../../hooks/layoutChoice";
import { useShortcuts } from "../../hooks/shortcuts";
import { useAfterDelay } from "../../hooks/useAfterDelay";
import { useDocumentTitle } from "../../hooks/useDocumentTitle";
import { PHONE, useMediaQuery } from "../../hooks/useMediaQuery";
import { useUnread } from "../../hooks/useUnread";
import { t } from "../../locales/translate";
import { Button } from "../../ui/Button";
import { CallDialogs, CallPanel, Invite } from "./CallParts";
import { ChatAnnouncer } from "./ChatAnnouncer";

/** As `MINI` of the grid's layout: a window with room for one picture. */
const MINI_WINDOW = "(max-width: 340px) and (max-height: 400px)";
/** Shorter interruptions pass unnoticed. */
const RECONNECTING_SHOWN_AFTER_MS = 2_000;

export interface CallViewProps {
  readonly call: CallState;
  readonly room: RoomView;
  readonly media: LocalMediaState;
  readonly level: Observable<number>;
  readonly stats: Observable<CallStats>;
  readonly origin: string;
  readonly hostToken: string | null;
  readonly canShare: boolean;
  readonly actions: CallActions;
  readonly deviceActions: DeviceActions;
  readonly initialPanel?: Panel | null;
  readonly initialDialog?: CallDialog | null;
  readonly initialMode?: LayoutMode;
}

export function CallView(props: CallViewProps) {
  const { call, room, media, canShare, actions } = props;
  const [panel, setPanel] = useState(props.initialPanel ?? null);
  const [dialog, setDialog] = useState(props.initialDialog ?? null);
  const phone = useMediaQuery(PHONE);
  const mini = useMediaQuery(MINI_WINDOW);
  const unread = useUnread(call.chat, panel === "chat");
  const { microphone, camera, screen } = media;
  const tiles = useMemo(
    () => tilesOf(call, { microphone, camera, screen }),
    [call, microphone, camera, screen],
  );
  const layout = useLayoutChoice(props.initialMode);
  const view = {
    mode: layout.mode,
    quality: call.quality,
    onMode: layout.setMode,
    onQuality: actions.setQuality,
  };
  const alone = call.participants.length === 0;
  const handRaised = (call.self?.handRaisedAt ?? null) !== null;

  const togglePanel = (wanted: Panel) => setPanel((shown) => (shown === wanted ? null : wanted));
  useDocumentTitle(roomTitle(room), unread);
  useShortcuts({
    microphone: () => actions.setMicrophone(!isOn(microphone)),
    camera: () => actions.setCamera(!isOn(camera)),
    share: () => {
      if (canShare) actions.setScreen(!isOn(screen));
    },
    chat: () => togglePanel("chat"),
    people: () => togglePanel("people"),
    hand: () => actions.setHand(!handRaised),
    layout: () => layout.setMode(layout.mode === "grid" ? "speaker" : "grid"),
    help: () => setDialog("shortcuts"),
  });

  return (
    <div
      data-theme="dark"
      data-phase="joined"
      data-signaling={call.phase.kind === "joined" ? call.phase.signaling.kind : undefined}
      className="fixed inset-0 flex flex-col gap-2 bg-bg p-2 text-text sm:p-3"
    >
      {!mini && <CallHeader room={room} phone={phone} call={call} onDialog={setDialog} />}
      <Banners call={call} media={media} actions={actions} />
      <div className="relative flex min-h-0 flex-1 gap-3">
        <main className="relative flex min-w-0 flex-1 flex-col gap-3">
          <h2 className="sr-only">{t("tile.grid")}</h2>
          <div className="min-h-0 flex-1">
            <VideoGrid
              tiles={tiles}
              reactions={call.reactions}
              mode={layout.mode}
              loudest={call.loudest}
              pinned={layout.pinned}
              onPin={layout.togglePin}
              covered={phone && panel !== null}
              quality={call.quality}
              onView={actions.setView}
            />
          </div>
          {alone && phone && !mini && (
            <Invite {...props} />
          )}
          <div className="pointer-events-none absolute inset-x-3 top-3 z-20 flex flex-col items-start gap-2">
            <Problems {...props} />
            <Notices notices={call.notices} onDismiss={actions.dismissNotice} />
          </div>
        </main>
        {alone && !phone && panel === null && (
          <div className="flex w-[24rem] shrink-0 flex-col justify-center">
            <Invite {...props} />
          </div>
        )}
        {panel !== null && !mini && (
          <CallPanel
            panel={panel}
            call={call}
            media={media}
            actions={actions}
            pinned={layout.pinned}
            onPin={layout.togglePin}
            onClose={() => setPanel(null)}
          />
        )}
      </div>
      <CallControls
        size={mini ? "mini" : phone ? "phone" : "full"}
        media={media}
        canShare={canShare}
        handRaised={handRaised}
        unread={unread}
        panel={panel}
        view={view}
        actions={actions}
        onPanel={togglePanel}
        onDialog={setDialog}
      />
      {dialog !== null && (
        <CallDialogs
          {...props}
          dialog={dialog}
          view={view}
          onPanel={togglePanel}
          onDialog={setDialog}
          onClose={() => setDialog(null)}
        />
      )}
      <ChatAnnouncer chat={call.chat} />
    </div>
  );
}

function isOn(track: LocalTrackState): boolean {
  return track.kind === "live" || track.kind === "starting";
}

/** The mode is remembered on this device; who is large, for this call. */
function useLayoutChoice(initial?: LayoutMode) {
  const [mode, setMode] = useState(() => initial ?? rememberedLayout());
  const [pinned, setPinned] = useState<string | null>(null);
  const togglePin = useCallback((key: string) => setPinned((now) => (now === key ? null : key)), []);
  return {
    mode,
    pinned,
    togglePin,
    setMode: (next: LayoutMode) => {
      setMode(next);
      rememberLayout(next);
    },
  };
}

function Banners({ call, media, actions }: Pick<CallViewProps, "call" | "media" | "actions">) {
  const [blocked, setBlocked] = useState(false);
  const sounds = useRef<HTMLDivElement>(null);
  const away = call.phase.kind === "joined" && call.phase.signaling.kind === "reconnecting";
  const awayForLong = useAfterDelay(away, RECONNECTING_SHOWN_AFTER_MS);
  const [markBlocked] = useState(() => () => setBlocked(true));
  return (
    <>
      <div ref={sounds} hidden>
        <CallAudio
          participants={call.participants}
          serverAudio={call.serverAudio}
          speaker={media.selected.speaker}
          onBlocked={markBlocked}
        />
      </div>
      {awayForLong && (
        <Banner tone="warn" icon={<WifiOff aria-hidden="true" size={18} />}>
          {t(call.participants.length > 0 ? "banner.reconnecting" : "banner.reconnectingAlone")}
        </Banner>
      )}
      {call.topology === "sfu" && call.media === "failed" && (
        <Banner
          tone="warn"
          icon={<ServerOff aria-hidden="true" size={18} />}
          action={
            // In a tab of its own: the call goes on.
            <a href="/diagnose" target="_blank" rel="noopener" className="font-semibold text-current">
              {t("banner.mediaAction")}
            </a>
          }
        >
          {t("banner.media")}
        </Banner>
      )}
      {call.quality === "audio-only" && (
        <Banner
          tone="calm"
          icon={<AudioLines aria-hidden="true" size={18} />}
          action={
            <Button size="small" variant="primary" onClick={() => actions.setQuality("auto")}>
              {t("banner.audioOnlyAction")}
            </Button>
          }
        >
          {t("banner.audioOnly")}
        </Banner>
      )}
      {blocked && (
        <Banner
          tone="warn"
          icon={<Volume2 aria-hidden="true" size={18} />}
          action={
            <Button
              size="small"
              variant="primary"
              onClick={() => {
                setBlocked(false);
                if (sounds.current !== null) playAll(sounds.current, markBlocked);
              }}
            >
              {t("banner.soundAction")}
            </Button>
          }
        >
          {t("banner.sound")}
        </Banner>
      )}
      {media.screen.kind === "live" && (
        <Banner
          tone="calm"
          icon={<MonitorUp aria-hidden="true" size={18} />}
          action={
            <Button size="small" variant="danger" onClick={() => actions.setScreen(false)}>
              {t("sharing.stop")}
            </Button>
          }
        >
          {t("sharing.banner")}
        </Banner>
      )}
    </>
  );
}

/** Failures that came up in the call; those from before it were explained there. */
function Problems({ media, origin, actions }: CallViewProps) {
  const tracks = [media.microphone, media.camera, media.screen];
  const [known, setKnown] = useState<readonly LocalTrackState[]>(tracks);
  if (!tracks.some((track) => track.kind === "failed" && !known.includes(track))) return null;
  return (
    <div className="pointer-events-auto flex w-full max-w-lg flex-col gap-2">
      <MediaProblems
        media={media}
        origin={origin}
        onDismiss={() => setKnown(tracks)}
        onRetry={(device) => {
          if (device === "screen") actions.setScreen(true);
          if (device === "microphone" || device === "both") actions.setMicrophone(true);
          if (device === "camera" || device === "both") actions.setCamera(true);
        }}
      />
    </div>
  );
}
