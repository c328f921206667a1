/** Panels and dialogs of a call. What is not needed to be in one is loaded later. */
import { Suspense, type ReactNode } from "react";
import type { CallDialog, Panel } from "../../components/callActions";
import { loadViewMenu } from "../../components/CallControls";
import { loadPreflightChip } from "../../components/CallHeader";
import { lazyPart } from "../../components/lazyPart";
import { loadMediaProblem } from "../../components/MediaProblems";
import { loadRefusalText } from "../../components/Notices";
import { PartBoundary } from "../../components/PartBoundary";
import { SidePanel } from "../../components/SidePanel";
import { loadPager } from "../../components/VideoGrid";
import type { ViewMenuProps } from "../../components/ViewMenu";
import { t, type EarlyPlainKey } from "../../locales/translate";
import { Dialog } from "../../ui/Dialog";
import type { CallViewProps } from "./CallView";

const loadChat = () => import("../../components/ChatPanel");
const loadPeople = () => import("../../components/ParticipantsPanel");
const loadDevices = () => import("../../components/DeviceMenu");
const loadStats = () => import("../../components/StatsPanel");
const loadShortcuts = () => import("../../components/ShortcutsHelp");
const loadInvite = () => import("../../components/InvitePanel");
const loadInfo = () => import("../../components/RoomInfo");
const loadMore = () => import("../../components/MoreSheet");
const loadQr = () => import("../../components/QrCode");
const loadAfterCall = () => import("./lazy/AfterCall");

const ChatPanel = lazyPart(loadChat);
const ParticipantsPanel = lazyPart(loadPeople);
const DeviceMenu = lazyPart(loadDevices);
const StatsPanel = lazyPart(loadStats);
const ShortcutsHelp = lazyPart(loadShortcuts);
const RoomInfo = lazyPart(loadInfo);
const InvitePanel = lazyPart(loadInvite);
const MoreSheet = lazyPart(loadMore);
const ViewMenu = lazyPart(loadViewMenu);

/** Fetches them while all is quiet: later, when they are wanted, the server may be away. */
export async function preloadCallParts(): Promise<void> {
  const parts = [
    loadChat,
    loadPeople,
    loadDevices,
    loadStats,
    loadShortcuts,
    loadInvite,
    loadInfo,
    loadMore,
    loadViewMenu,
    loadMediaProblem,
    loadPager,
    loadRefusalText,
    loadPreflightChip,
    loadQr,
    loadAfterCall,
  ];
  await Promise.all(parts.map((load) => load()));
}

interface LaterProps {
  /** Brings its own frame: until it is there, nothing is shown. */
  readonly framed?: boolean;
  /** For one whose frame is missing with it. */
  readonly onClose?: () => void;
  readonly children: ReactNode;
}

function Later({ framed = false, onClose, children }: LaterProps) {
  const waiting = <p className="m-0 px-5 py-3 text-sm text-muted">{t("app.loading")}</p>;
  return (
    <PartBoundary {...(onClose && { onClose })}>
      <Suspense fallback={framed ? null : waiting}>
        {children}
      </Suspense>
    </PartBoundary>
  );
}

type InviteProps = Pick<CallViewProps, "room" | "origin" | "hostToken">;

/** While nobody else is here. */
export function Invite({ room, origin, hostToken }: InviteProps) {
  return (
    <Later framed>
      <InvitePanel room={room} origin={origin} hostToken={hostToken} />
    </Later>
  );
}

interface CallPanelProps extends Pick<CallViewProps, "call" | "media" | "actions"> {
  readonly panel: Panel;
  readonly pinned: string | null;
  readonly onPin: (key: string) => void;
  readonly onClose: () => void;
}

export function CallPanel({ panel, call, media, actions, pinned, onPin, onClose }: CallPanelProps) {
  if (panel === "chat") {
    return (
      <SidePanel key="chat" title={t("chat.title")} onClose={onClose}>
        <Later>
          <ChatPanel entries={call.chat} onSend={actions.sendChat} onRetry={actions.retryChat} />
        </Later>
      </SidePanel>
    );
  }
  return (
    <SidePanel key="people" title={t("people.title")} onClose={onClose}>
      <Later>
        <ParticipantsPanel call={call} media={media} actions={actions} pinned={pinned} onPin={onPin} />
      </Later>
    </SidePanel>
  );
}

interface CallDialogsProps extends CallViewProps {
  readonly dialog: CallDialog;
  readonly view: ViewMenuProps;
  readonly onPanel: (panel: Panel) => void;
  readonly onDialog: (dialog: CallDialog) => void;
  readonly onClose: () => void;
}

const TITLE: Readonly<Record<Exclude<CallDialog, "more">, EarlyPlainKey>> = {
  devices: "devices.title",
  stats: "stats.title",
  shortcuts: "shortcuts.title",
  invite: "info.title",
  view: "view.title",
};

export function CallDialogs(props: CallDialogsProps) {
  const { dialog, call, media, actions, deviceActions, onClose } = props;
  if (dialog === "more") {
    return (
      <Later framed onClose={onClose}>
        <MoreSheet
          sharing={media.screen.kind === "live"}
          canShare={props.canShare}
          canFlip={media.devices.cameras.length > 1 && media.camera.kind === "live"}
          handRaised={(call.self?.handRaisedAt ?? null) !== null}
          actions={actions}
          onFlip={deviceActions.flipCamera}
          onPanel={props.onPanel}
          onDialog={props.onDialog}
          onClose={onClose}
        />
      </Later>
    );
  }
  return (
    <Dialog title={t(TITLE[dialog])} shape={dialog === "stats" ? "wide" : "box"} onClose={onClose}>
      <Later>
        {dialog === "devices" && (
          <DeviceMenu
            devices={media.devices}
            selected={media.selected}
            level={props.level}
            actions={deviceActions}
          />
        )}
        {dialog === "stats" && <StatsPanel stats={props.stats} participants={call.participants} />}
        {dialog === "shortcuts" && <ShortcutsHelp />}
        {dialog === "view" && <ViewMenu {...props.view} />}
        {dialog === "invite" && (
          <RoomInfo
            room={props.room}
            origin={props.origin}
            hostToken={props.hostToken}
            call={call}
            qrShown
          />
        )}
      </Later>
    </Dialog>
  );
}
