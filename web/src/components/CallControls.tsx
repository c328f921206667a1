import {
  Ellipsis,
  Hand,
  LayoutGrid,
  MessageSquareText,
  Mic,
  MicOff,
  MonitorUp,
  PhoneOff,
  Settings2,
  SmilePlus,
  UsersRound,
  Video,
  VideoOff,
} from "lucide-react";
import { Suspense } from "react";
import type { LocalTrackState } from "../call/model";
import { t } from "../locales/translate";
import { ControlButton, controlClass } from "../ui/ControlButton";
import { Popover } from "../ui/Popover";
import { Spinner } from "../ui/Spinner";
import type { CallActions, CallDialog, Panel } from "./callActions";
import { lazyPart } from "./lazyPart";
import { PartBoundary } from "./PartBoundary";
import { ReactionsBar } from "./ReactionsBar";
import type { OwnMedia } from "./tiles";
import type { ViewMenuProps } from "./ViewMenu";

export const loadViewMenu = () => import("./ViewMenu");
const ViewMenu = lazyPart(loadViewMenu);

/** `mini`: windows that have room for little else than a picture. */
export type ControlsSize = "full" | "phone" | "mini";

interface CallControlsProps {
  readonly size: ControlsSize;
  readonly media: OwnMedia;
  readonly canShare: boolean;
  readonly handRaised: boolean;
  readonly unread: number;
  readonly panel: Panel | null;
  readonly view: ViewMenuProps;
  readonly actions: Pick<
    CallActions,
    "setMicrophone" | "setCamera" | "setScreen" | "setHand" | "react" | "leave"
  >;
  readonly onPanel: (panel: Panel) => void;
  readonly onDialog: (dialog: CallDialog) => void;
}

const UNREAD_SHOWN_MAX = 99;

export function CallControls(props: CallControlsProps) {
  const { size, media, actions, onDialog } = props;
  return (
    <footer
      aria-label={t("controls.label")}
      className="flex items-center justify-center gap-2 pb-[env(safe-area-inset-bottom)] sm:gap-2.5"
    >
      <OwnTrackButton
        label={t("controls.microphone")}
        hint={isOn(media.microphone) ? `${t("controls.mute")} (M)` : `${t("controls.unmute")} (M)`}
        track={media.microphone}
        icons={[Mic, MicOff]}
        onSet={actions.setMicrophone}
      />
      <OwnTrackButton
        label={t("controls.camera")}
        hint={isOn(media.camera) ? `${t("controls.cameraOff")} (V)` : `${t("controls.cameraOn")} (V)`}
        track={media.camera}
        icons={[Video, VideoOff]}
        onSet={actions.setCamera}
      />
      {size === "full" && <FullControls {...props} />}
      {size === "phone" && (
        <>
          <ChatButton {...props} />
          <ControlButton label={t("controls.more")} onClick={() => onDialog("more")}>
            <Ellipsis aria-hidden="true" size={22} />
          </ControlButton>
        </>
      )}
      <ControlButton
        label={t("controls.leave")}
        tone="danger"
        shape={size === "mini" ? "round" : "wide"}
        onClick={actions.leave}
      >
        <PhoneOff aria-hidden="true" size={22} />
      </ControlButton>
    </footer>
  );
}

function FullControls(props: CallControlsProps) {
  const { media, canShare, handRaised, panel, view, actions, onPanel, onDialog } = props;
  const sharing = isOn(media.screen);
  return (
    <>
      {canShare && (
        <ControlButton
          label={t("controls.share")}
          hint={sharing ? `${t("controls.shareStop")} (S)` : `${t("controls.share")} (S)`}
          pressed={sharing}
          tone={sharing ? "active" : "neutral"}
          onClick={() => actions.setScreen(!sharing)}
        >
          <MonitorUp aria-hidden="true" size={22} />
        </ControlButton>
      )}
      <ControlButton
        label={t("controls.hand")}
        hint={handRaised ? `${t("controls.handLower")} (H)` : `${t("controls.hand")} (H)`}
        pressed={handRaised}
        tone={handRaised ? "active" : "neutral"}
        onClick={() => actions.setHand(!handRaised)}
      >
        <Hand aria-hidden="true" size={22} />
      </ControlButton>
      <Popover
        label={t("controls.reactions")}
        triggerLabel={t("controls.reactions")}
        triggerClass={controlClass("neutral")}
        trigger={<SmilePlus aria-hidden="true" size={22} />}
      >
        {(close) => (
          <ReactionsBar
            onReact={(reaction) => {
              actions.react(reaction);
              close();
            }}
          />
        )}
      </Popover>
      <ChatButton {...props} />
      <ControlButton
        label={t("controls.people")}
        hint={`${t("controls.people")} (P)`}
        pressed={panel === "people"}
        tone={panel === "people" ? "active" : "neutral"}
        onClick={() => onPanel("people")}
      >
        <UsersRound aria-hidden="true" size={22} />
      </ControlButton>
      <Popover
        label={t("view.title")}
        triggerLabel={t("view.title")}
        triggerClass={controlClass("neutral")}
        trigger={<LayoutGrid aria-hidden="true" size={22} />}
        panelClass="w-80 p-4"
      >
        {() => (
          <PartBoundary>
            <Suspense fallback={<p className="m-0 text-sm text-muted">{t("app.loading")}</p>}>
              <ViewMenu {...view} />
            </Suspense>
          </PartBoundary>
        )}
      </Popover>
      <ControlButton label={t("devices.open")} onClick={() => onDialog("devices")}>
        <Settings2 aria-hidden="true" size={22} />
      </ControlButton>
    </>
  );
}

function ChatButton({ unread, panel, onPanel }: CallControlsProps) {
  return (
    <ControlButton
      label={unread === 0 ? t("controls.chat") : t("controls.chatUnread", { count: unread })}
      hint={`${t("controls.chat")} (C)`}
      pressed={panel === "chat"}
      tone={panel === "chat" ? "active" : "neutral"}
      badge={unread === 0 ? null : Math.min(unread, UNREAD_SHOWN_MAX)}
      onClick={() => onPanel("chat")}
    >
      <MessageSquareText aria-hidden="true" size={22} />
    </ControlButton>
  );
}

interface OwnTrackButtonProps {
  readonly label: string;
  readonly hint: string;
  readonly track: LocalTrackState;
  readonly icons: readonly [on: typeof Mic, off: typeof MicOff];
  readonly onSet: (on: boolean) => void;
}

export function OwnTrackButton({ label, hint, track, icons, onSet }: OwnTrackButtonProps) {
  const on = isOn(track);
  const failed = track.kind === "failed";
  const Icon = on ? icons[0] : icons[1];
  return (
    <ControlButton
      label={failed ? `${label}: ${t("controls.problem")}` : label}
      hint={hint}
      pressed={on}
      tone={on ? "neutral" : "off"}
      badge={failed ? "!" : null}
      badgeTone="problem"
      onClick={() => onSet(!on)}
    >
      {track.kind === "starting" ? <Spinner /> : <Icon aria-hidden="true" size={22} />}
    </ControlButton>
  );
}

/** A track that is starting counts as on: another click takes it back. */
function isOn(track: LocalTrackState): boolean {
  return track.kind === "live" || track.kind === "starting";
}
