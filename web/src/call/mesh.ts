import type { ClientMessage, PeerId, ServerMessage } from "../protocol/generated";
import { readDescription, type OutgoingTracks } from "./description";
import { createPeer, type Peer, type PeerEnvironment } from "./peer";
import type { Member } from "./roomState";
import type { SendingContext } from "./senderLimits";

/** A connection to each other participant, kept in step with who is in the room. */
export interface Mesh {
  /** A session begins: nobody of an earlier one has a connection to us any more. */
  begin(self: PeerId): void;
  /** The newcomer offers to those who were there. */
  offerTo(peers: readonly PeerId[], members: readonly Member[]): void;
  /**
   * Ends connections to who is gone, makes them for who has come, silences who is muted. Who has
   * come offers.
   */
  update(members: readonly Member[], need: (member: Member) => MeshNeed): void;
  /** The room goes this way again: everyone needs a connection, and of two one offers. */
  connect(members: readonly Member[], need: (member: Member) => MeshNeed): void;
  /** An offer, answer or candidate of another participant. */
  receive(message: ServerMessage): void;
  setTracks(tracks: OutgoingTracks): void;
  setContext(context: SendingContext): void;
  setSignaling(open: boolean): void;
  handleNetworkChange(): void;
  /** Whether from everyone who sends something comes something. */
  checkFlow(members: readonly Member[]): void;
  restate(): void;
  peers(): ReadonlyMap<PeerId, Peer>;
  close(): void;
}

/** "keep": one that is there is of use, but none is made. */
export type MeshNeed = "open" | "keep" | "none";

export interface MeshOptions {
  readonly environment: PeerEnvironment;
  readonly send: (message: ClientMessage) => void;
  readonly onChange: () => void;
  readonly onSuspicion: () => void;
}

export function createMesh(options: MeshOptions, initial: { tracks: OutgoingTracks; context: SendingContext }): Mesh {
  let { tracks, context } = initial;
  let self: PeerId | null = null;
  let signalingOpen = true;
  const peers = new Map<PeerId, Peer>();

  function add(member: Member): Peer | null {
    if (self === null) {
      return null;
    }
    const target = member.peerId;
    const peer = createPeer({
      self,
      remote: target,
      legacy: !member.capabilities.includes("media-state"),
      tracks,
      context,
      environment: options.environment,
      onDescription: (description) =>
        options.send(
          description.type === "offer"
            ? { type: "offer", target_peer_id: target, offer: description }
            : { type: "answer", target_peer_id: target, answer: description },
        ),
      onCandidate: (candidate) => options.send({ type: "ice-candidate", target_peer_id: target, candidate }),
      onChange: options.onChange,
      onSuspicion: options.onSuspicion,
    });
    peer.setSignaling(signalingOpen);
    peer.setAudible(member.media.microphone);
    peers.set(target, peer);
    return peer;
  }

  function remove(peerId: PeerId): void {
    peers.get(peerId)?.close();
    peers.delete(peerId);
  }

  function update(members: readonly Member[], need: (member: Member) => MeshNeed): void {
    const needs = new Map(members.map((member) => [member.peerId, need(member)]));
    for (const peerId of peers.keys()) {
      if ((needs.get(peerId) ?? "none") === "none") {
        remove(peerId);
      }
    }
    for (const member of members) {
      const known = peers.get(member.peerId);
      const peer = known ?? (needs.get(member.peerId) === "open" ? add(member) : null);
      peer?.setAudible(member.media.microphone);
    }
  }

  function closeAll(): void {
    for (const peerId of peers.keys()) {
      remove(peerId);
    }
  }

  return {
    begin: (id) => {
      closeAll();
      self = id;
    },
    offerTo: (ids, members) => {
      for (const id of ids) {
        const member = members.find((other) => other.peerId === id);
        if (member !== undefined) {
          // Who came in through `update` a moment before waits for an offer; we are to make it.
          (peers.get(id) ?? add(member))?.start();
        }
      }
    },
    update,
    connect: (members, need) => {
      const before = new Set(peers.keys());
      update(members, need);
      for (const [peerId, peer] of peers) {
        if (self !== null && self < peerId && !before.has(peerId)) {
          peer.start();
        }
      }
    },
    receive: (message) => {
      if (message.type === "offer" || message.type === "answer") {
        const description = readDescription(message.type === "offer" ? message.offer : message.answer);
        if (description !== null && description.type === message.type) {
          peers.get(message.peer_id)?.receive(description);
        }
      } else if (message.type === "ice-candidate" && isCandidate(message.candidate)) {
        peers.get(message.peer_id)?.addCandidate(message.candidate);
      }
    },
    setTracks: (next) => {
      tracks = next;
      peers.forEach((peer) => peer.setTracks(next));
    },
    setContext: (next) => {
      context = next;
      peers.forEach((peer) => peer.setContext(next));
    },
    setSignaling: (open) => {
      signalingOpen = open;
      peers.forEach((peer) => peer.setSignaling(open));
    },
    handleNetworkChange: () => peers.forEach((peer) => peer.handleNetworkChange()),
    checkFlow: (members) => {
      for (const { peerId, media } of members) {
        peers.get(peerId)?.checkFlow(media.microphone || media.camera);
      }
    },
    restate: () => peers.forEach((peer) => peer.restate()),
    peers: () => peers,
    close: closeAll,
  };
}

/** What another client sent may be anything; the browser checks the rest. */
function isCandidate(value: unknown): value is RTCIceCandidateInit {
  return typeof value === "object" && value !== null && "candidate" in value;
}
