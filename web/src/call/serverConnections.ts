import type { ClientMessage, ServerMessage } from "../protocol/generated";
import type { Cancel } from "../services/clock";
import type { OutgoingTracks, Slot } from "./description";
import { serverNeed } from "./mediaWay";
import type { CallQuality, CallViewRequest, PeerConnectionState } from "./model";
import type { PeerEnvironment } from "./peer";
import type { Member, RoomState } from "./roomState";
import { createServerConnection, type ServerConnection } from "./serverConnection";
import { MOST_PICTURES, NOTHING_SHOWN, wishOf } from "./shownPictures";
import type { Candidate } from "./streamChoice";
import { createViewSender } from "./viewSender";

/**
 * The connection to the room's media server; while the room moves to another server, also the
 * one before, which ends when the new one brings everything.
 */
export interface ServerConnections {
  /** Makes and ends connections as the room needs them. */
  update(room: RoomState): void;
  /** What comes from a media server, or from the room's about it. */
  receive(message: ServerMessage): void;
  show(view: CallViewRequest | null, quality: CallQuality, members: readonly Member[]): void;
  setTracks(tracks: OutgoingTracks): void;
  /** The picture may have another size. */
  applyLimits(): void;
  setSignaling(open: boolean): void;
  handleNetworkChange(): void;
  /** What the server told meanwhile is lost, and what we sent may be. */
  restate(): void;
  /** Looks for pictures that have begun to come. */
  look(): void;
  checkFlow(sends: (peerId: string, source: string) => boolean): void;
  current(): ServerConnection | null;
  all(): readonly ServerConnection[];
  /** While the room moves to another server it is the better of both; null without any. */
  state(): PeerConnectionState | null;
  /** Everything that is to be shown comes, or has had its time. */
  isComplete(): boolean;
  /** The ways by which it comes from a server, the better first. */
  candidates(peerId: string, slot: Slot): readonly Candidate[];
  close(): void;
}

export interface ServerConnectionsOptions {
  readonly environment: PeerEnvironment & { readonly isPhone: boolean };
  readonly send: (message: ClientMessage) => void;
  readonly onChange: () => void;
  readonly onConnected: (connection: ServerConnection) => void;
  readonly onSuspicion: () => void;
}

/** A page of tiles on a laptop; more are added when they are needed, by another offer. */
const FEWEST_PICTURES = 9;
/** Whoever is not there by then is not waited for. */
const COMPLETE_WITHIN_MS = 8_000;
/** The server before is good for no longer, whatever the new one does. */
const FORMER_MS = 10_000;

export function createServerConnections(
  options: ServerConnectionsOptions,
  initial: { tracks: OutgoingTracks },
): ServerConnections {
  const { environment } = options;
  const { clock } = environment;
  let { tracks } = initial;
  let signalingOpen = true;
  let wish = NOTHING_SHOWN;
  let current: ServerConnection | null = null;
  let former: ServerConnection | null = null;
  let cancelFormer: Cancel = () => {};

  const view = createViewSender(clock, ({ shown, pinned }) => {
    if (current === null) {
      return;
    }
    current.release((peerId, source) => shown.some((one) => one.peer_id === peerId && one.source === source));
    options.send({
      type: "view",
      target_peer_id: current.peerId,
      shown: [...shown],
      ...(pinned === null ? {} : { pinned }),
    });
    options.onChange();
  });

  const pictures = (): number => Math.min(Math.max(wish.shown.length, FEWEST_PICTURES), MOST_PICTURES);

  function connect(peerId: string): void {
    const created: ServerConnection = createServerConnection({
      peerId,
      environment,
      tracks,
      pictures: pictures(),
      signalingOpen,
      send: options.send,
      onChange: options.onChange,
      onAnswered: () => {
        if (created === current) {
          view.sendAgain();
        }
      },
      onConnected: () => options.onConnected(created),
      onSuspicion: options.onSuspicion,
    });
    current = created;
  }

  function all(): ServerConnection[] {
    return [current, former].filter((one) => one !== null);
  }

  function endFormer(): void {
    cancelFormer();
    former?.close();
    former = null;
  }

  function retire(): void {
    endFormer();
    view.stop();
    former = current;
    current = null;
    cancelFormer = clock.after(FORMER_MS, () => {
      endFormer();
      options.onChange();
    });
  }

  function close(): void {
    endFormer();
    view.stop();
    current?.close();
    current = null;
  }

  function isComplete(): boolean {
    const since = current?.connectedSince() ?? null;
    if (current === null || since === null || current.state() !== "connected") {
      return false;
    }
    const come = wish.shown.every(
      ({ peer_id, source }) => current?.slot(peer_id, source === "screen" ? "screen" : "camera")?.steady === true,
    );
    return come || clock.now() - since >= COMPLETE_WITHIN_MS;
  }

  return {
    update: (room) => {
      const need = serverNeed(room);
      const peerId = room.mediaServer?.peer_id ?? null;
      if (current !== null && current.peerId !== peerId) {
        retire();
      }
      if (need === "open" && current === null && peerId !== null) {
        connect(peerId);
      } else if (need === "none") {
        // Of the one before there may be something yet to come by the other way.
        view.stop();
        current?.close();
        current = null;
      }
      if (former !== null && isComplete()) {
        endFormer();
      }
    },
    receive: (message) => {
      if (message.type === "layers" || message.type === "media-figures") {
        current?.receive(message);
      } else if ("peer_id" in message) {
        all()
          .find(({ peerId }) => peerId === message.peer_id)
          ?.receive(message);
      }
    },
    show: (asked, quality, members) => {
      wish = wishOf(asked, quality, members);
      current?.growTo(pictures());
      view.set(wish);
    },
    setTracks: (next) => {
      tracks = next;
      current?.setTracks(next);
      former?.setTracks(next);
    },
    applyLimits: () => current?.applyLimits(),
    setSignaling: (open) => {
      signalingOpen = open;
      current?.setSignaling(open);
    },
    handleNetworkChange: () => current?.handleNetworkChange(),
    restate: () => {
      current?.restate();
      if (current?.isKnown() === true) {
        view.sendAgain();
      }
    },
    look: () => {
      current?.look();
      if (former !== null && isComplete()) {
        endFormer();
        options.onChange();
      }
    },
    checkFlow: (sends) => current?.checkFlow(sends),
    current: () => current,
    all,
    state: () => {
      const now = current?.state();
      if (former === null || now === "connected") {
        return now ?? null;
      }
      return former.state() === "connected" ? "connected" : "reconnecting";
    },
    isComplete,
    candidates: (peerId, slot) =>
      all().flatMap((from) => {
        const found = from.slot(peerId, slot);
        const stream = found?.flows === true ? from.streamOf(found.mid) : null;
        return found === null || stream === null ? [] : [{ from, stream, flows: found.steady }];
      }),
    close,
  };
}
