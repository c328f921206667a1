/** Binds the views of a room to the server's answer and to the call engine. */
import { useEffect, useMemo, useState } from "react";
import { otherTabs } from "../../call";
import type { CallEnd } from "../../call/model";
import { lazyPage } from "../../components/lazyPage";
import { LoadingPage } from "../../components/LoadingPage";
import { rememberedName, rememberName } from "../../hooks/rememberedName";
import { markInCall, type RejoinMark } from "../../hooks/rejoin";
import { useCallEngine, type CallEngine } from "../../hooks/useCallEngine";
import { useHostToken, type HostTokenControl } from "../../hooks/useHostToken";
import { useObservable } from "../../hooks/useObservable";
import { useRoomCheck, type RoomCheckControl } from "../../hooks/useRoomCheck";
import { useWakeLock } from "../../hooks/useWakeLock";
import { t } from "../../locales/translate";
import type { RoomId } from "../../protocol/generated";
import { reportToConsole } from "../../services/report";
import { CallView } from "./CallView";
import { preloadCallParts } from "./CallParts";
import { callActions, deviceActions, joiningOf } from "./engineActions";
import { Prejoin } from "./Prejoin";
import { Unreachable } from "./Unreachable";

const CannotJoin = lazyPage(() => import("./lazy/CannotJoin"));

interface LiveRoomProps {
  readonly roomId: RoomId;
  /** After a reload, or on coming back: into the call without asking again. */
  readonly straightIn: RejoinMark | null;
  readonly onOver: (reason: CallEnd, last: RejoinMark) => void;
  readonly onRestart: () => void;
}

export function LiveRoom(props: LiveRoomProps) {
  const { roomId, straightIn } = props;
  const host = useHostToken(roomId);
  const name = rememberedName();
  const direct = name === "" ? null : straightIn;
  const room = useRoomCheck(roomId, host.hostToken !== null, direct === null);
  const engine = useCallEngine();
  const retry = () => {
    room.retry();
    props.onRestart();
  };

  if (direct === null) {
    if (room.check.kind === "unreachable") {
      return <Unreachable nextAttemptAt={room.check.nextAttemptAt} onRetry={room.retry} />;
    }
    if (room.check.kind === "refused") {
      return (
        <CannotJoin
          code={room.check.code}
          roomId={roomId}
          trying={room.trying}
          onRetry={room.retry}
          onWithoutHostLink={host.forget}
        />
      );
    }
  }
  const waiting = room.check.kind === "waiting";
  if (engine === null || (direct === null && (waiting || room.check.kind === "checking"))) {
    return (
      <div data-phase="checking">
        <LoadingPage text={t(waiting ? "room.waiting" : "room.checking")} />
      </div>
    );
  }
  return <Visit {...props} straightIn={direct} engine={engine} host={host} room={room} onRetry={retry} />;
}

interface VisitProps extends LiveRoomProps {
  readonly engine: CallEngine;
  readonly host: HostTokenControl;
  readonly room: RoomCheckControl;
  readonly onRetry: () => void;
}

function Visit({ roomId, straightIn, engine, host, room, onOver, onRetry }: VisitProps) {
  const { call, media } = engine;
  const state = useObservable(call.state);
  const own = useObservable(media.state);
  const otherTab = useObservable(useMemo(() => otherTabs().inCall(roomId), [roomId]));
  const actions = useMemo(() => callActions(engine), [engine]);
  const devices = useMemo(() => deviceActions(engine), [engine]);
  const [name] = useState(rememberedName);
  const { hostToken } = host;
  const phase = state.phase.kind;
  const reason = state.phase.kind === "over" ? state.phase.reason : null;
  const microphone = own.microphone.kind === "live";
  const camera = own.camera.kind === "live";

  // Once an engine: the devices start, and after a reload so does the call.
  useEffect(() => {
    if (engine.call.state.get().phase.kind !== "idle") return;
    if (straightIn === null) {
      void engine.media.start({ microphone: true, camera: true });
      engine.call.prepare();
    } else {
      void engine.media.start(straightIn);
      engine.call.join({ roomId, name, hostToken });
    }
    // oxlint-disable-next-line react/exhaustive-deps -- a later change of these starts nothing anew
  }, [engine]);

  useEffect(() => {
    if (phase === "joined") markInCall({ roomId, microphone, camera });
    if (phase === "refused") markInCall(null);
  }, [phase, roomId, microphone, camera]);

  useEffect(() => {
    if (reason === null) return;
    markInCall(null);
    onOver(reason, { roomId, microphone, camera });
  }, [reason, roomId, microphone, camera, onOver]);

  // Leaving the page within the app is leaving the call; a reload does not come through here.
  useEffect(() => () => markInCall(null), []);

  useWakeLock(phase === "joined");
  usePreload(state.phase.kind === "joined" && state.phase.signaling.kind === "open");

  if (state.phase.kind === "refused" && state.phase.code !== "invalid-name") {
    return (
      <CannotJoin
        code={state.phase.code}
        roomId={roomId}
        onRetry={onRetry}
        onWithoutHostLink={() => {
          host.forget();
          onRetry();
        }}
      />
    );
  }
  if (state.phase.kind === "over") return null;
  const origin = window.location.origin;
  if (state.phase.kind === "joined" && state.room !== null) {
    return (
      <CallView
        call={state}
        room={state.room}
        media={own}
        level={media.microphoneLevel}
        stats={call.stats}
        origin={origin}
        hostToken={hostToken}
        canShare={"getDisplayMedia" in (navigator.mediaDevices ?? {})}
        actions={actions}
        deviceActions={devices}
      />
    );
  }
  const found = room.check.kind === "ready" ? room.check.room : null;
  return (
    <div data-phase={phase === "joining" ? "joining" : "prejoin"}>
      <Prejoin
        title={found?.room_name ?? t("room.untitled", { code: roomId })}
        people={found?.participant_count ?? null}
        asHost={hostToken !== null}
        initialName={name}
        media={own}
        level={media.microphoneLevel}
        origin={origin}
        joining={joiningOf(state.phase)}
        nameError={state.phase.kind === "refused" ? "error.invalid-name" : null}
        otherTab={otherTab}
        onTakeOver={() => {
          otherTabs().takeOver(roomId);
          if (name !== "") call.join({ roomId, name, hostToken });
        }}
        onMicrophone={actions.setMicrophone}
        onCamera={actions.setCamera}
        onRetry={(device) => {
          void media.start({ microphone: device !== "camera", camera: device !== "microphone" });
        }}
        deviceActions={devices}
        onJoin={(chosen) => {
          rememberName(chosen);
          call.join({ roomId, name: chosen, hostToken });
        }}
      />
    </div>
  );
}

/** Soon after joining, when the call itself is under way and the server is there. */
const PRELOAD_AFTER_MS = 3_000;

function usePreload(connected: boolean): void {
  useEffect(() => {
    if (!connected) return undefined;
    const timer = setTimeout(() => {
      preloadCallParts().catch((error: unknown) => {
        reportToConsole("a part of the page could not be loaded ahead", error);
      });
    }, PRELOAD_AFTER_MS);
    return () => clearTimeout(timer);
  }, [connected]);
}
