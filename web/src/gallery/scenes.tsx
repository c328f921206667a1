/** Each page in each state that is worth looking at. */
import type { ReactNode } from "react";
import { ErrorBoundary } from "../components/ErrorBoundary";
import { LoadingPage } from "../components/LoadingPage";
import { CHECKS, type Check, type CheckState, type DiagnosisState } from "../call/diagnosis";
import type { CallEnd, CallState, MediaFailure } from "../call/model";
import { t } from "../locales/translate";
import type { ErrorCode, Reach } from "../protocol/generated";
import { CreateRoomView } from "../pages/CreateRoom/CreateRoom";
import { DiagnoseView } from "../pages/Diagnose/Diagnose";
import { HomeView } from "../pages/Home/Home";
import { JoinRoomView } from "../pages/JoinRoom/JoinRoom";
import NotFound from "../pages/NotFound/NotFound";
import AfterCall from "../pages/Room/lazy/AfterCall";
import CannotJoin from "../pages/Room/lazy/CannotJoin";
import Unsupported from "../pages/Room/lazy/Unsupported";
import WrongLink from "../pages/Room/lazy/WrongLink";
import { CallView, type CallViewProps } from "../pages/Room/CallView";
import { Unreachable } from "../pages/Room/Unreachable";
import { Prejoin, type PrejoinProps } from "../pages/Room/Prejoin";
import {
  actions,
  callState,
  chat,
  chatOfBusyServer,
  crowd,
  deviceActions,
  level,
  media,
  notices,
  person,
  room,
  serverStats,
  stats,
  without,
} from "./fakes";
import { pageStream } from "./pictures";

const ORIGIN = "https://calls.example.org";
const nothing = (): void => undefined;

function call(changes: Partial<CallViewProps>): ReactNode {
  const state = changes.call ?? callState([]);
  return (
    <CallView
      call={state}
      room={state.room ?? room}
      media={media()}
      level={level}
      stats={stats(state.participants)}
      origin={ORIGIN}
      hostToken={null}
      canShare
      actions={actions}
      deviceActions={deviceActions}
      {...changes}
    />
  );
}

function prejoin(changes: Partial<PrejoinProps> = {}): ReactNode {
  return (
    <Prejoin
      title="Team meeting"
      people={2}
      asHost={false}
      initialName="Emmy Noether"
      media={media()}
      level={level}
      origin="http://192.168.1.20:8000"
      joining="no"
      nameError={null}
      otherTab={false}
      onTakeOver={nothing}
      onMicrophone={nothing}
      onCamera={nothing}
      onRetry={nothing}
      deviceActions={deviceActions}
      onJoin={nothing}
      {...changes}
    />
  );
}

function refused(code: ErrorCode): ReactNode {
  return <CannotJoin code={code} roomId="ABCD2345" onRetry={nothing} onWithoutHostLink={nothing} />;
}

function after(reason: CallEnd): ReactNode {
  return <AfterCall reason={reason} onRejoin={nothing} onRate={nothing} />;
}

function diagnose(
  phase: DiagnosisState["phase"],
  others: CheckState,
  checks: Partial<Record<Check, CheckState>> = {},
): ReactNode {
  const all = Object.fromEntries(CHECKS.map((check) => [check, others])) as Record<Check, CheckState>;
  return (
    <DiagnoseView
      state={{ phase, checks: { ...all, ...checks } }}
      level={level}
      report={() => ""}
      onStart={nothing}
    />
  );
}

const works: CheckState = { kind: "ok", measured: null };
const picture: CheckState = { kind: "ok", measured: { kind: "picture", width: 1280, height: 720 } };
const blocked: CheckState = { kind: "failed", failure: null };

function Crash(): ReactNode {
  throw new Error("shown on purpose");
}

const muted = { microphone: false, camera: true, screen: false };
const cameraOff = { microphone: true, camera: false, screen: false };
const sharing = { microphone: true, camera: true, screen: true };

function trio() {
  return [
    person(0, { speaking: true, role: "host" }),
    person(1, { media: muted, handRaisedAt: 1 }),
    person(2, { media: cameraOff, camera: null }),
  ];
}

/** A screen is shared before as many people. */
function stage(count: number): CallState {
  const { participants, ...state } = crowd(count);
  const [first, ...others] = participants;
  if (first === undefined) return { ...state, participants };
  return { ...state, participants: [{ ...first, media: sharing, screen: pageStream() }, ...others] };
}

/** A narrow connection: some pictures are paused; one person is away, and one is a stream. */
function troubled(): CallState {
  const state = crowd(11);
  const participants = state.participants.map((participant, index) => ({
    ...participant,
    cameraPaused: participant.media.camera && index > 3,
    publisher: index === 0,
    connection: index === 2 ? ("reconnecting" as const) : participant.connection,
    handRaisedAt: index === 5 ? 1 : null,
  }));
  return { ...state, participants };
}

function away(count: number) {
  return crowd(count).participants.map((participant) => ({
    ...participant,
    connection: "reconnecting" as const,
    camera: null,
  }));
}

/** Of the three others, one reaches the media server by this way. */
function reached(way: Reach): CallState {
  const people = trio().map((participant) => ({ ...participant, reach: "udp" as Reach }));
  return callState([...people.slice(0, 1), person(1, { reach: way }), ...people.slice(2)], { selfReach: "udp" });
}

export const SCENES: Readonly<Record<string, () => ReactNode>> = {
  home: () => <HomeView creating={{ kind: "idle" }} onStart={nothing} onJoin={async () => null} />,
  "home-failed": () => (
    <HomeView creating={{ kind: "failed", text: "error.unreachable" }} onStart={nothing} onJoin={async () => null} />
  ),
  "home-busy": () => (
    <HomeView creating={{ kind: "waiting" }} onStart={nothing} onJoin={async () => null} />
  ),
  create: () => <CreateRoomView creating={{ kind: "idle" }} serverMax={16} onCreate={nothing} />,
  "create-busy": () => <CreateRoomView creating={{ kind: "waiting" }} serverMax={16} onCreate={nothing} />,
  join: () => <JoinRoomView onJoin={async () => "error.room-not-found"} />,
  "not-found": () => <NotFound />,
  diagnose: () => diagnose("idle", { kind: "waiting" }),
  "diagnose-running": () =>
    diagnose("running", { kind: "waiting" }, { camera: picture, microphone: works, socket: { kind: "running" } }),
  "diagnose-well": () =>
    diagnose("done", works, {
      camera: picture,
      relay: { kind: "ok", measured: { kind: "milliseconds", value: 24 } },
      bandwidth: { kind: "ok", measured: { kind: "kbps", value: 18_400 } },
    }),
  "diagnose-trouble": () =>
    diagnose("done", { kind: "skipped" }, { camera: blocked, microphone: works, socket: works, udp: blocked, tcp: blocked }),
  loading: () => <LoadingPage />,
  "checking-busy": () => <LoadingPage text={t("room.waiting")} />,
  prejoin: () => prejoin(),
  "prejoin-host": () => prejoin({ asHost: true, people: 0, initialName: "" }),
  "prejoin-waiting": () => prejoin({ joining: "waiting" }),
  "prejoin-other-tab": () => prejoin({ otherTab: true }),
  "prejoin-starting": () =>
    prejoin({ media: media({ camera: { kind: "starting" }, microphone: { kind: "starting" } }) }),
  ...Object.fromEntries(
    (
      [
        "denied-by-browser",
        "denied-by-system",
        "dismissed",
        "not-found",
        "busy",
        "insecure-context",
        "unsupported",
        "unknown",
      ] as const satisfies readonly MediaFailure[]
    ).map((failure) => [`prejoin-${failure}`, () => prejoin({ media: without(failure) })]),
  ),
  "call-alone": () => call({ hostToken: "example-host-token" }),
  "call-two": () => call({ call: callState([person(0, { speaking: true })], { notices: notices.slice(0, 1) }) }),
  "call-three": () => call({ call: callState(trio().slice(0, 2)) }),
  "call-four": () => call({ call: callState(trio(), { reactions: [{ id: 1, peerId: "peer-0", reaction: "heart" }] }) }),
  "call-nine": () => call({ call: callState([0, 1, 2, 3, 4, 5, 6, 7].map((index) => person(index))) }),
  "call-states": () =>
    call({
      call: callState([
        person(0, { connection: "connecting", camera: null }),
        person(1, { connection: "reconnecting" }),
        person(2, { connection: "failed" }),
      ]),
      media: media({ microphone: { kind: "off" }, camera: { kind: "off" } }),
    }),
  "call-screen": () =>
    call({
      call: callState([person(0, { media: sharing, screen: pageStream() }), ...trio().slice(1)]),
    }),
  "call-sharing": () =>
    call({
      call: callState([person(0)]),
      media: media({ screen: { kind: "live", stream: pageStream() } }),
    }),
  "call-chat": () => call({ call: callState(trio(), { chat }), initialPanel: "chat" }),
  "call-chat-busy": () => call({ call: callState(trio(), { chat: chatOfBusyServer }), initialPanel: "chat" }),
  "call-unread": () => call({ call: callState(trio(), { chat, notices }) }),
  "call-people": () =>
    call({
      call: callState(trio(), { room: { ...room, locked: true } }),
      initialPanel: "people",
    }),
  "call-more": () => call({ call: callState(trio()), initialDialog: "more" }),
  "call-invite": () =>
    call({ call: callState(trio()), initialDialog: "invite", hostToken: "example-host-token" }),
  "call-devices": () => call({ call: callState(trio()), initialDialog: "devices" }),
  "call-stats": () => call({ call: callState(trio()), initialDialog: "stats" }),
  "call-shortcuts": () => call({ call: callState(trio()), initialDialog: "shortcuts" }),
  "call-reconnecting": () =>
    call({
      call: callState(trio(), {
        phase: {
          kind: "joined",
          signaling: { kind: "reconnecting", since: 0, attempt: 2, nextAttemptAt: null },
        },
      }),
    }),
  "call-5": () => call({ call: crowd(4) }),
  "call-12": () => call({ call: crowd(11) }),
  "call-25": () => call({ call: crowd(24) }),
  "call-49": () => call({ call: crowd(48) }),
  "call-100": () => call({ call: crowd(99) }),
  "call-100-people": () => call({ call: crowd(99), initialPanel: "people" }),
  "call-speaker": () => call({ call: crowd(4), initialMode: "speaker" }),
  "call-speaker-100": () => call({ call: crowd(99), initialMode: "speaker" }),
  "call-stage": () => call({ call: stage(7) }),
  "call-stage-49": () => call({ call: stage(48) }),
  "call-stage-chat": () => call({ call: { ...stage(12), chat }, initialPanel: "chat" }),
  "call-paused": () => call({ call: troubled(), stats: serverStats(troubled().participants) }),
  "call-audio-only": () => call({ call: crowd(11, { quality: "audio-only" }) }),
  "call-view": () => call({ call: crowd(11), initialDialog: "view" }),
  "call-server-stats": () =>
    call({ call: troubled(), stats: serverStats(troubled().participants), initialDialog: "stats" }),
  "call-no-media": () => call({ call: crowd(6, { media: "failed", participants: away(6) }) }),
  "call-ready": () => call({ call: reached("udp") }),
  "call-ready-people": () => call({ call: reached("relay"), initialPanel: "people" }),
  "call-preflight": () => call({ call: reached("nothing") }),
  "call-preflight-people": () => call({ call: reached("nothing"), initialPanel: "people" }),
  "call-preflight-info": () => call({ call: reached("nothing"), initialDialog: "invite" }),
  "call-preflight-self": () => call({ call: { ...reached("udp"), selfReach: "nothing" } }),
  "full": () => refused("room-full"),
  "gone": () => refused("room-not-found"),
  "locked": () => refused("room-locked"),
  "removed-before": () => refused("removed"),
  "host-link": () => refused("invalid-host-token"),
  "rate-limited": () => refused("rate-limited"),
  "unavailable": () => refused("unavailable"),
  "refused": () => refused("invalid-message"),
  "wrong-link": () => <WrongLink code="ABC" />,
  unreachable: () => <Unreachable nextAttemptAt={performance.now() + 600_000} onRetry={nothing} />,
  unsupported: () => <Unsupported link={`${ORIGIN}/r/ABCD2345`} />,
  crash: () => (
    <ErrorBoundary>
      <Crash />
    </ErrorBoundary>
  ),
  ...Object.fromEntries(
    (
      ["left", "removed", "ended-by-host", "expired", "taken-elsewhere", "room-gone"] as const satisfies readonly CallEnd[]
    ).map((reason) => [`after-${reason}`, () => after(reason)]),
  ),
};
