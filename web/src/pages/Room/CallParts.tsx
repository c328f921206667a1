/** Panels and dialogs of a call. What is not needed to be in one is loaded later. */
import { lazy, Suspense, type ReactNode } from "react";
import type { CallDialog, Panel } from "../../components/callActions";
import { MoreSheet } from "../../components/MoreSheet";
import { PartBoundary } from "../../components/PartBoundary";
import { RoomInfo } from "../../components/RoomInfo";
import { SidePanel } from "../../components/SidePanel";
import { t, type PlainKey } from "../../locales/translate";
import { Dialog } from "../../ui/Dialog";
import type { CallViewProps } from "./CallView";

const loadChat = () => import("../../components/ChatPanel");
const loadPeople = () => import("../../components/ParticipantsPanel");
const loadDevices = () => import("../../components/DeviceMenu");
const loadStats = () => import("../../components/StatsPanel");
const loadShortcuts = () => import("../../components/ShortcutsHelp");

const ChatPanel = lazy(loadChat);
const ParticipantsPanel = lazy(loadPeople);
const DeviceMenu = lazy(loadDevices);
const StatsPanel = lazy(loadStats);
const ShortcutsHelp = lazy(loadShortcuts);

/** Fetches them while all is quiet: later, when they are wanted, the server may be away. */
export async function preloadCallParts(): Promise<void> {
  await Promise.all([loadChat(), loadPeople(), loadDevices(), loadStats(), loadShortcuts()]);
}

function Later({ children }: { readonly children: ReactNode }) {
  return (
    <PartBoundary>
      <Suspense fallback={<p className="m-0 px-5 py-3 text-sm text-muted">{t("app.loading")}</p>}>
        {children}
      </Suspense>
    </PartBoundary>
  );
}

interface CallPanelProps extends Pick<CallViewProps, "call" | "media" | "actions"> {
  readonly panel: Panel;
  readonly onClose: () => void;
}

export function CallPanel({ panel, call, media, actions, onClose }: CallPanelProps) {
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
        <ParticipantsPanel call={call} media={media} actions={actions} />
      </Later>
    </SidePanel>
  );
}

interface CallDialogsProps extends CallViewProps {
  readonly dialog: CallDialog;
  readonly onPanel: (panel: Panel) => void;
  readonly onDialog: (dialog: CallDialog) => void;
  readonly onClose: () => void;
}

const TITLE: Readonly<Record<Exclude<CallDialog, "more">, PlainKey>> = {
  devices: "devices.title",
  stats: "stats.title",
  shortcuts: "shortcuts.title",
  invite: "info.title",
};

export function CallDialogs(props: CallDialogsProps) {
  const { dialog, call, media, actions, deviceActions, onClose } = props;
  if (dialog === "more") {
    return (
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
        {dialog === "invite" && (
          <RoomInfo room={props.room} origin={props.origin} hostToken={props.hostToken} qrShown />
        )}
      </Later>
    </Dialog>
  );
}
