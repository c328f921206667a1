import type { ParticipantInfo, RoomSnapshot } from "../../protocol/generated";
import { createCall } from "../call";
import * as lateParts from "../lateParts";
import type { Call, LocalMedia, LocalMediaState, LocalTrackState } from "../model";
import { createStore } from "../observable";
import { createSignalingAddresses } from "../signalingAddresses";
import { createTabs } from "../tabs";
import { fakeClock, type FakeClock } from "./fakeClock";
import { FakeConnection, FakeStream, FakeTrack } from "./fakeConnection";
import { fakeSockets, type FakeSocket, type FakeSockets } from "./fakeSockets";
import { joined, participant } from "./serverMessages";

/** A call with everything around it made of fakes. */
export interface CallBench {
  readonly call: Call;
  readonly clock: FakeClock;
  readonly sockets: FakeSockets;
  readonly connections: FakeConnection[];
  readonly window: EventTarget;
  readonly kept: Map<string, string>;
  readonly media: LocalMedia;
  /** Sends what the others are told apart from, without the offers and candidates. */
  sent(): Record<string, unknown>[];
  socket(): FakeSocket;
  /** Joined, with these others. */
  enter(...others: string[]): void;
  /** The same, in a room that is otherwise than usual. */
  enterRoom(room: Partial<RoomSnapshot>, ...others: ParticipantInfo[]): void;
  receive(...messages: object[]): void;
}

const OFF: LocalTrackState = { kind: "off" };

function fakeLocalMedia(): LocalMedia {
  const live = (kind: string): LocalTrackState => ({
    kind: "live",
    stream: new FakeStream([new FakeTrack(kind)]) as unknown as MediaStream,
  });
  const state = createStore<LocalMediaState>({
    microphone: live("audio"),
    camera: live("video"),
    screen: OFF,
    devices: { microphones: [], cameras: [], speakers: [] },
    selected: { microphone: null, camera: null, speaker: null },
  });
  const set = (slot: "microphone" | "camera" | "screen", kind: string) => async (on: boolean) =>
    state.update((now) => ({ ...now, [slot]: on ? live(kind) : OFF }));
  const nothing = async (): Promise<void> => {};
  return {
    state,
    microphoneLevel: createStore(0),
    start: nothing,
    setMicrophone: set("microphone", "audio"),
    setCamera: set("camera", "video"),
    setScreen: set("screen", "video"),
    selectMicrophone: nothing,
    selectCamera: nothing,
    selectSpeaker: nothing,
    flipCamera: nothing,
    dispose: () => {},
  };
}

export function callBench(): CallBench {
  const clock = fakeClock();
  const sockets = fakeSockets();
  const connections: FakeConnection[] = [];
  const kept = new Map<string, string>();
  const window = new EventTarget();
  const media = fakeLocalMedia();
  let ids = 0;
  const call = createCall(
    {
      clock,
      random: () => 0,
      newId: () => `id-${(ids += 1)}`,
      newStream: (tracks = []) => new FakeStream(tracks as unknown as FakeTrack[]) as unknown as MediaStream,
      newConnection: () => {
        const connection = new FakeConnection();
        connections.push(connection);
        return connection as unknown as RTCPeerConnection;
      },
      prepareConnections: async () => {},
      adoptIceServers: () => {},
      lateParts: { current: () => lateParts, want: () => {} },
      codecs: () => null,
      report: () => {},
      openSocket: sockets.open,
      addresses: createSignalingAddresses("ws://host/ws", { protocol: "http:" }),
      refreshAddresses: () => {},
      sessions: {
        get: (room) => kept.get(room) ?? null,
        set: (room, token) => kept.set(room, token),
        remove: (room) => kept.delete(room),
      },
      page: {
        window,
        document: Object.assign(new EventTarget(), { visibilityState: "visible" as const }),
        connection: null,
        now: clock.now,
      },
      tabs: createTabs({ postMessage: () => {}, addEventListener: () => {} }, clock),
      isPhone: false,
    },
    media,
  );
  const receive = (...messages: object[]): void => messages.forEach((message) => sockets.last().receive(message));
  return {
    call,
    clock,
    sockets,
    connections,
    window,
    kept,
    media,
    receive,
    socket: sockets.last,
    sent: () =>
      sockets.last().sent.filter(({ type }) => type !== "offer" && type !== "answer" && type !== "ice-candidate"),
    enter: (...others) => enterRoom({}, ...others.map((id) => participant(id))),
    enterRoom,
  };

  function enterRoom(room: Partial<RoomSnapshot>, ...others: ParticipantInfo[]): void {
    call.join({ roomId: "ABCD2345", name: "ME", hostToken: null });
    receive(
      { type: "peer-id", peer_id: "me", protocol: 2 },
      joined("me", others, "token-1", room),
      { type: "participants", participants: others.map(({ peer_id }) => peer_id), seq: 2 },
    );
  }
}
