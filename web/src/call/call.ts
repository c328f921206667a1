import type { MediaState, PeerId, ServerMessage } from "../protocol/generated";
import { every, type Cancel } from "../services/clock";
import type { OpenSocket } from "../services/websocket";
import { callView, IDLE_CALL } from "./callView";
import { pendingOf, withPending, withStatus } from "./chatLog";
import { createCallMedia } from "./callMedia";
import type { LateParts, LazyParts } from "./lazyParts";
import type { Call, CallEnd, CallPhase, CallState, JoinOptions, LocalMedia } from "./model";
import { createStore } from "./observable";
import { mediaState, sameMedia } from "./outgoing";
import { createOwnTracks } from "./ownTracks";
import { watchPage, type PageEnvironment } from "./pageWatch";
import type { PeerEnvironment } from "./peer";
import { createRetries, type Retried } from "./retries";
import {
  applyMessage,
  EMPTY_ROOM,
  expire,
  withoutEffect,
  withoutNotice,
  withPerson,
  withReaction,
} from "./roomState";
import type { SessionStore } from "./sessionStore";
import { createSignaling } from "./signaling";
import type { SignalingAddresses } from "./signalingAddresses";
import { createStatsSampler } from "./statsSampler";
import type { Tabs } from "./tabs";
import { createVoices } from "./voices";

export interface CallEnvironment extends PeerEnvironment {
  readonly openSocket: OpenSocket;
  readonly addresses: SignalingAddresses;
  /** Asks the server where signaling is, whenever it was asked last. */
  readonly refreshAddresses: () => void;
  readonly lateParts: LazyParts<LateParts>;
  /** Fetches what connections need from the server. */
  readonly prepareConnections: () => Promise<void>;
  /** What the server gave with a session. */
  readonly adoptIceServers: (iceServers: RTCIceServer[]) => void;
  readonly sessions: SessionStore;
  readonly page: PageEnvironment;
  readonly tabs: Tabs;
  /** Encodes less: it is small, warm, and on a battery. */
  readonly isPhone: boolean;
}

const SAMPLE_LEVELS_MS = 150;
const EXPIRE_MS = 500;
/** Several connections that fail at once are one suspicion. */
const SUSPICION_PAUSE_MS = 2_000;

/** A call: signaling, the room as the server tells of it, its media and the own devices, together. */
export function createCall(environment: CallEnvironment, localMedia: LocalMedia): Call {
  const { clock, report, sessions, tabs } = environment;
  let phase: CallPhase = { kind: "idle" };
  let room = EMPTY_ROOM;
  let options: JoinOptions | null = null;
  let voices = createVoices();
  let toldMedia: MediaState | null = null;
  let handWanted = false;
  let suspectedAt = Number.NEGATIVE_INFINITY;
  let stopWhileJoined: Cancel = () => {};
  const view = createStore<CallState>(IDLE_CALL);

  const signaling = createSignaling(
    environment,
    {
      onStatus: (status) => {
        if (phase.kind === "joining" || phase.kind === "joined") {
          phase = { ...phase, signaling: status };
        }
        media.setSignaling(status.kind === "open");
        publish();
      },
      onMessage: handleMessage,
      onRestate: () => {
        restate();
        media.restate();
      },
      onRecovered: () => {
        retries.recovered();
        media.recovered();
      },
      onToken: (token) => {
        if (options !== null) {
          sessions.set(options.roomId, token);
        }
      },
      onRefused: (code) => end({ kind: "refused", code }),
      onOver: (reason) => end({ kind: "over", reason }),
    },
  );

  const retries = createRetries({
    clock,
    random: environment.random,
    send: signaling.send,
    latest: (message) =>
      message.type === "media-state"
        ? { type: "media-state", ...mediaState(localMedia.state.get()) }
        : message,
    isOpen: () => phase.kind === "joined" && phase.signaling.kind === "open",
    onGivenUp: (message, code) => {
      room = withoutEffect(room, message, code);
      publish();
    },
  });

  const own = createOwnTracks({
    ...environment,
    localMedia,
    onTracks: (tracks) => media.setTracks(tracks),
    onContext: (context) => media.setContext(context),
  });
  const media = createCallMedia(
    {
      environment,
      send: signaling.send,
      onChange: publish,
      onSuspicion: () => {
        if (clock.now() - suspectedAt > SUSPICION_PAUSE_MS) {
          suspectedAt = clock.now();
          signaling.replaceSocket();
        }
      },
    },
    { tracks: own.tracks(), context: own.context() },
  );

  function publish(): void {
    view.set(callView(view.get(), { phase, room, media, speaking: voices.speaking(), loudest: voices.loudest() }));
  }

  function updateMedia(): void {
    own.update(room);
    media.update(room);
    voices.keep((peerId) => room.members.some((member) => member.peerId === peerId));
  }

  function handleMessage(message: ServerMessage): void {
    if (retries.receive(message, room.self?.peerId ?? null)) {
      return;
    }
    const rejoined = phase.kind === "joined" && message.type === "joined";
    room = applyMessage(room, message, clock.now());
    switch (message.type) {
      case "joined":
        if (message.ice_servers !== undefined) {
          environment.adoptIceServers(message.ice_servers);
        }
        media.begin(room);
        enterCall();
        toldMedia = room.self?.media ?? null;
        if (rejoined) {
          restate();
        } else {
          tellMedia();
        }
        break;
      case "participants":
        media.offerTo(message.participants);
        break;
      case "resumed": {
        const unknown = room.members.filter((member) => !media.peers().has(member.peerId));
        media.update(room);
        media.offerTo(unknown.map((member) => member.peerId));
        break;
      }
      case "lower-microphone":
        toldMedia = toldMedia === null ? null : { ...toldMedia, microphone: false };
        localMedia.setMicrophone(false).catch((error: unknown) => report("muting", error));
        break;
      case "offer":
      case "answer":
      case "ice-candidate":
      case "slots":
      case "layers":
      case "media-figures":
      case "media-gone":
        media.receive(message);
        // What of it the page shows is published by what it changes.
        return;
      case "speakers":
        voices.hear(message.speakers);
        return;
      default:
        media.receive(message);
    }
    updateMedia();
    publish();
  }

  function enterCall(): void {
    stopWhileJoined();
    phase = { kind: "joined", signaling: { kind: "open" } };
    voices = createVoices();
    const roomId = room.room?.roomId ?? "";
    const cancels = [
      every(clock, SAMPLE_LEVELS_MS, sampleLevels),
      every(clock, EXPIRE_MS, () => {
        const next = expire(room, clock.now(), clock.wallTime());
        if (next !== room) {
          room = next;
          updateMedia();
          publish();
        }
      }),
      // Keeps the meter running, which measures only while watched.
      localMedia.microphoneLevel.subscribe(() => {}),
      tabs.announce(roomId, () => {
        signaling.leave();
        end({ kind: "over", reason: "taken-elsewhere" });
      }),
    ];
    stopWhileJoined = () => {
      cancels.forEach((cancel) => cancel());
      own.stop();
      stopWhileJoined = () => {};
    };
  }

  function sampleLevels(): void {
    const now = new Map<PeerId, number>();
    for (const [peerId, peer] of media.peers()) {
      now.set(peerId, peer.audioLevel());
    }
    const self = room.self?.peerId ?? null;
    if (self !== null) {
      const live = localMedia.state.get().microphone.kind === "live";
      now.set(self, live ? localMedia.microphoneLevel.get() : 0);
    }
    if (voices.sample(now, self, clock.now())) {
      publish();
    }
  }

  /** What the server has lost, or never got: our side of how things stand. */
  function restate(): void {
    retries.restated();
    toldMedia = room.self?.media ?? null;
    tellMedia();
    if (handWanted !== (room.self?.handRaisedAt !== null)) {
      retries.send({ type: "hand", raised: handWanted });
    }
    if (options !== null && room.self !== null && room.self.name !== options.name) {
      retries.send({ type: "rename", user_name: options.name });
    }
    for (const entry of pendingOf(room.chat)) {
      retries.send({ type: "chat", text: entry.text, ref: entry.key });
    }
  }

  function tellMedia(): void {
    const now = mediaState(localMedia.state.get());
    if (toldMedia !== null && !sameMedia(toldMedia, now)) {
      toldMedia = now;
      retries.send({ type: "media-state", ...now });
    }
  }

  function handleLocalMedia(): void {
    own.handleLocalMedia();
    if (phase.kind === "joined") {
      tellMedia();
    }
  }

  function end(next: CallPhase & { kind: "refused" | "over" }): void {
    stopWhileJoined();
    media.close();
    // Nobody should go on showing a screen that they believe is no longer watched.
    localMedia.setScreen(false).catch((error: unknown) => report("ending the screen share", error));
    // Whoever was removed stays that person for the server, which a reload would else undo.
    const removed = next.kind === "over" ? next.reason === "removed" : next.code === "removed";
    if (options !== null && !removed) {
      sessions.remove(options.roomId);
    }
    phase = next;
    retries.clear();
    toldMedia = null;
    voices = createVoices();
    room = { ...room, members: [], reactions: [] };
    publish();
  }

  function begin(next: JoinOptions): void {
    options = next;
    retries.clear();
    room = { ...EMPTY_ROOM, nextId: room.nextId };
    phase = { kind: "joining", signaling: { kind: "connecting" } };
    void environment.prepareConnections();
    publish();
    signaling.join(
      {
        room_id: next.roomId,
        user_name: next.name,
        capabilities: ["resume", "media-state", "sfu"],
        media: mediaState(localMedia.state.get()),
        ...(next.hostToken === null ? {} : { host_token: next.hostToken }),
      },
      sessions.get(next.roomId),
    );
  }

  function inCall(): boolean {
    return phase.kind === "joined";
  }

  function ask(message: Retried): void {
    if (inCall()) {
      retries.send(message);
    }
  }

  function over(reason: CallEnd): void {
    signaling.leave();
    end({ kind: "over", reason });
  }

  const stopMedia = localMedia.state.subscribe(handleLocalMedia);
  let hidden: JoinOptions | null = null;
  const stopPage = watchPage(environment.page, {
    onNetworkChange: () => {
      signaling.replaceSocket();
      media.handleNetworkChange();
    },
    onWake: signaling.replaceSocket,
    onHide: () => {
      if (inCall()) {
        // The session stays in the tab's storage: a reload comes back as the same person.
        hidden = options;
        stopWhileJoined();
        retries.clear();
        signaling.leave();
        media.close();
      }
    },
    onRestore: () => {
      if (hidden !== null) {
        begin(hidden);
        hidden = null;
      }
    },
  });

  return {
    state: view,
    stats: createStatsSampler(environment, media),
    prepare: () => {
      environment.lateParts.want();
      signaling.prepare();
      void environment.prepareConnections();
    },
    join: (next) => {
      if (phase.kind !== "joining" && phase.kind !== "joined") {
        handWanted = false;
        begin(next);
      }
    },
    leave: () => {
      if (phase.kind === "joining" || phase.kind === "joined") {
        over("left");
      }
    },
    rename: (name) => {
      if (options !== null) {
        options = { ...options, name };
      }
      ask({ type: "rename", user_name: name });
    },
    sendChat: (text) => {
      const self = room.self;
      if (self === null || !inCall()) {
        return;
      }
      const key = environment.newId();
      const pending = { key, peerId: self.peerId, name: self.name, text, sentAt: clock.wallTime() };
      room = { ...room, chat: withPending(room.chat, pending) };
      retries.send({ type: "chat", text, ref: key });
      publish();
    },
    retryChat: (key) => {
      const entry = room.chat.find((other) => other.key === key);
      if (entry !== undefined && typeof entry.status === "object" && inCall()) {
        room = { ...room, chat: withStatus(room.chat, key, "sending") };
        retries.send({ type: "chat", text: entry.text, ref: key });
        publish();
      }
    },
    react: (reaction) => {
      if (room.self !== null && inCall()) {
        room = withReaction(room, room.self.peerId, reaction, clock.now());
        signaling.send({ type: "reaction", reaction });
        publish();
      }
    },
    setHand: (raised) => {
      if (room.self !== null && inCall()) {
        handWanted = raised;
        room = withPerson(room, room.self.peerId, { handRaisedAt: raised ? clock.wallTime() : null });
        retries.send({ type: "hand", raised });
        publish();
      }
    },
    setView: media.setView,
    setQuality: media.setQuality,
    dismissNotice: (id) => {
      room = withoutNotice(room, id);
      publish();
    },
    lowerMicrophone: (peerId) => ask({ type: "lower-microphone", target_peer_id: peerId }),
    removeParticipant: (peerId) => ask({ type: "remove", target_peer_id: peerId }),
    setLocked: (locked) => ask({ type: "lock", locked }),
    transferHost: (peerId) => ask({ type: "transfer-host", target_peer_id: peerId }),
    endCall: () => ask({ type: "end-call" }),
    dispose: () => {
      stopPage();
      stopMedia();
      stopWhileJoined();
      retries.clear();
      signaling.leave();
      media.close();
    },
  };
}
