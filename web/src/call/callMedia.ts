import type { ClientMessage, PeerId, ServerMessage } from "../protocol/generated";
import { every, type Cancel } from "../services/clock";
import type { OutgoingTracks } from "./description";
import type { LateParts, LazyParts } from "./lazyParts";
import type { MediaPorts } from "./mediaPorts";
import { meshNeed } from "./mediaWay";
import { createMemberMedia, type MemberMediaSource } from "./memberMedia";
import { createMesh, type Mesh } from "./mesh";
import type { CallQuality, CallViewRequest, MediaServerState } from "./model";
import { NO_SERVERS } from "./noServers";
import { createPathReport } from "./pathReport";
import type { PeerEnvironment } from "./peer";
import type { Preflight } from "./preflight";
import { EMPTY_ROOM, type Member, type RoomState } from "./roomState";
import type { SendingContext } from "./senderLimits";
import type { ServerConnection } from "./serverConnection";
import { createUnreachableWatch } from "./unreachable";

/**
 * The media of a call by both ways, from browser to browser and over the media server, as one:
 * while the room goes from one to the other, nobody sees it.
 */
export interface CallMedia {
  /** A session begins: nobody of an earlier one has a connection to us any more. */
  begin(room: RoomState): void;
  /** The room is another one than before. */
  update(room: RoomState): void;
  /** The newcomer offers to those who were there. */
  offerTo(peers: readonly PeerId[]): void;
  /** Of other participants or of the media server. */
  receive(message: ServerMessage): void;
  setView(view: CallViewRequest): void;
  setQuality(quality: CallQuality): void;
  setTracks(tracks: OutgoingTracks): void;
  setContext(context: SendingContext): void;
  setSignaling(open: boolean): void;
  handleNetworkChange(): void;
  /** The session goes on, but what the media server said meanwhile is lost. */
  recovered(): void;
  /** Messages of ours may be lost as well. */
  restate(): void;
  peers: Mesh["peers"];
  server(): ServerConnection | null;
  serverState(): MediaServerState;
  /** Where it is, as it was found while it was tried. */
  ports(): MediaPorts | null;
  quality(): CallQuality;
  serverAudio: MemberMediaSource["serverAudio"];
  of: MemberMediaSource["of"];
  close(): void;
}

export interface CallMediaOptions {
  readonly environment: PeerEnvironment & {
    readonly isPhone: boolean;
    readonly lateParts: LazyParts<LateParts>;
  };
  readonly send: (message: ClientMessage) => void;
  readonly onChange: () => void;
  readonly onSuspicion: () => void;
}

/** A switch waits for first frames; one of a camera comes every 33 ms. */
const LOOK_MS = 50;
const CHECK_FLOW_MS = 250;
/** The room did not take what was told of the way. */
const RETELL_MS = 1_000;
/** After that, who is connected and silent does not keep the room from going on. */
const SILENT_MS = 8_000;

export function createCallMedia(
  options: CallMediaOptions,
  initial: { tracks: OutgoingTracks; context: SendingContext },
): CallMedia {
  const { environment, send } = options;
  const { clock, lateParts } = environment;
  let room = EMPTY_ROOM;
  let view: CallViewRequest | null = null;
  let quality: CallQuality = "auto";
  let { tracks } = initial;
  let servers = NO_SERVERS;
  let signalingOpen = true;
  let meshSince = clock.now();
  let stopLooking: Cancel = () => {};
  let cancelRetell: Cancel = () => {};

  const mesh = createMesh(
    { environment, send, onChange: options.onChange, onSuspicion: options.onSuspicion },
    initial,
  );
  const path = createPathReport(send);
  const unreachable = createUnreachableWatch(clock);
  const incoming = createMemberMedia({ peers: mesh.peers, servers: () => servers });
  let preflight: Preflight | null = null;
  let ports: MediaPorts | null = null;
  let isOpen = false;

  /** For a room with a media server; when they come, all is as if they had been there. */
  function needLateParts(): void {
    const parts = lateParts.current();
    if (parts === null) {
      lateParts.want(() => {
        if (isOpen) {
          update(room);
          options.onChange();
        }
      });
    } else if (servers === NO_SERVERS) {
      begin(parts);
    }
  }

  function begin(parts: LateParts): void {
    servers = parts.createServerConnections(
      {
        environment,
        send,
        onChange: () => {
          settle();
          options.onChange();
        },
        onConnected: (connection) => void readReach(connection),
        onSuspicion: options.onSuspicion,
      },
      { tracks },
    );
    servers.setSignaling(signalingOpen);
    preflight = parts.createPreflight({
      ...environment,
      send,
      onReach: path.setReach,
      onPorts: (found) => {
        ports = found;
        options.onChange();
      },
    });
  }

  async function readReach(connection: ServerConnection): Promise<void> {
    try {
      const report = await connection.stats();
      const parts = lateParts.current();
      const reach = report === null || parts === null ? null : parts.reachOf(parts.entriesOf(report.values()));
      if (reach !== null && connection === servers.current()) {
        path.setReach(reach);
      }
    } catch (error) {
      environment.report("reading how the media server is reached", error);
    }
  }

  function need(member: Member): ReturnType<typeof meshNeed> {
    return meshNeed(room, member);
  }

  function update(next: RoomState): void {
    const before = room;
    room = next;
    path.update(room.self);
    if (room.mediaServer !== null) {
      needLateParts();
    }
    if (room.topology === "mesh" && before.topology === "sfu") {
      meshSince = clock.now();
      mesh.connect(room.members, need);
    } else {
      mesh.update(room.members, need);
    }
    servers.show(view, quality, room.members);
    servers.update(room);
    const isIdle = room.topology === "mesh" && servers.current() === null;
    preflight?.expect(isIdle ? (room.mediaServer?.peer_id ?? null) : null);
    settle();
  }

  /** Tells the room when everything comes by the way that it is to go. */
  function settle(): void {
    if (room.topology === "sfu" ? servers.isComplete() : room.self?.path === "sfu" && meshIsComplete()) {
      path.setPath(room.topology);
    }
    if (servers.state() === "failed") {
      path.setReach("nothing");
    }
    incoming.update(room);
  }

  function meshIsComplete(): boolean {
    const late = clock.now() - meshSince >= SILENT_MS;
    return room.members.every((member) => {
      const isConnected = mesh.peers().get(member.peerId)?.connection() === "connected";
      const isThere = isConnected && (late || incoming.comesDirectly(member));
      return isThere || member.publisher || member.absentSince !== null;
    });
  }

  function watch(): void {
    const cancels = [
      every(clock, LOOK_MS, () => {
        if (servers.current() !== null) {
          servers.look();
          if (room.self?.path !== room.topology) {
            settle();
            // First frames from browser to browser raise no event.
            options.onChange();
          }
        }
      }),
      every(clock, CHECK_FLOW_MS, () => {
        mesh.checkFlow(room.members);
        servers.checkFlow(sendsAllTheTime);
        tellUnreachable();
      }),
    ];
    stopLooking = () => cancels.forEach((cancel) => cancel());
  }

  /** A screen on which nothing moves sends nothing. */
  function sendsAllTheTime(peerId: PeerId, source: string): boolean {
    const media = room.members.find((member) => member.peerId === peerId)?.media;
    return media !== undefined && ((source === "microphone" && media.microphone) || (source === "camera" && media.camera));
  }

  function tellUnreachable(): void {
    if (!signalingOpen || room.topology === "sfu" || room.mediaServer === null) {
      unreachable.reset();
      return;
    }
    const able = room.members.filter(({ capabilities, absentSince }) => capabilities.includes("sfu") && absentSince === null);
    const states = new Map(
      able.flatMap(({ peerId }) => {
        const state = mesh.peers().get(peerId)?.connection();
        return state === undefined ? [] : [[peerId, state] as const];
      }),
    );
    for (const peerId of unreachable.sample(states)) {
      send({ type: "unreachable", target_peer_id: peerId });
    }
  }

  function showAnew(): void {
    servers.show(view, quality, room.members);
    options.onChange();
  }

  function close(): void {
    stopLooking();
    cancelRetell();
    isOpen = false;
    preflight?.expect(null);
    servers.close();
    mesh.close();
  }

  return {
    begin: (next) => {
      close();
      isOpen = true;
      room = next;
      if (next.self !== null) {
        mesh.begin(next.self.peerId);
      }
      watch();
      update(next);
      path.restate();
    },
    update,
    offerTo: (ids) => {
      if (room.topology === "mesh") {
        const members = room.members.filter((member) => !member.publisher);
        mesh.offerTo(ids, members);
      }
    },
    receive: (message) => {
      mesh.receive(message);
      servers.receive(message);
      if ("peer_id" in message && message.peer_id === room.mediaServer?.peer_id) {
        preflight?.receive(message);
      }
      if (message.type === "error" && message.in_reply_to === "media-path") {
        cancelRetell();
        cancelRetell = clock.after(RETELL_MS, path.restate);
      }
    },
    setView: (next) => {
      view = next;
      quality = next.quality;
      showAnew();
    },
    setQuality: (next) => {
      quality = next;
      showAnew();
    },
    setTracks: (next) => {
      tracks = next;
      mesh.setTracks(tracks);
      servers.setTracks(tracks);
    },
    setContext: (context) => {
      mesh.setContext(context);
      servers.applyLimits();
    },
    setSignaling: (open) => {
      signalingOpen = open;
      mesh.setSignaling(open);
      servers.setSignaling(open);
    },
    handleNetworkChange: () => {
      unreachable.reset();
      mesh.handleNetworkChange();
      servers.handleNetworkChange();
      preflight?.handleNetworkChange();
    },
    recovered: () => servers.restate(),
    restate: () => {
      mesh.restate();
      servers.restate();
      path.restate();
    },
    peers: mesh.peers,
    server: () => servers.current(),
    serverState: () => servers.state() ?? (room.mediaServer === null ? "none" : "idle"),
    ports: () => ports,
    quality: () => quality,
    serverAudio: incoming.serverAudio,
    of: incoming.of,
    close,
  };
}
