import { NO_TRACKS, readDescription, type OutgoingTracks, type WireDescription } from "../description";
import { createPeer, type Peer, type PeerEnvironment } from "../peer";
import { fakeClock, type FakeClock } from "./fakeClock";
import { FakeConnection, FakeStream, FakeTrack } from "./fakeConnection";

/** One side of a pair: its peer, the connections it made, and what it sent and nobody took yet. */
export interface Side {
  readonly peer: Peer;
  readonly connections: FakeConnection[];
  readonly outgoing: (WireDescription | RTCIceCandidateInit)[];
  readonly problems: unknown[];
  readonly suspicions: { count: number };
}

export interface Pair {
  readonly clock: FakeClock;
  readonly a: Side;
  readonly b: Side;
  /** Carries everything over until both are silent. */
  settle(): Promise<void>;
  /** Lets the promises run, without carrying anything over. */
  think(): Promise<void>;
}

export function tracks(...slots: (keyof OutgoingTracks)[]): OutgoingTracks {
  const made = slots.map((slot) => {
    const kind = slot === "microphone" || slot === "screen-audio" ? "audio" : "video";
    return [slot, new FakeTrack(kind, slot, kind === "video" ? { width: 1280, height: 720 } : {})];
  });
  return { ...NO_TRACKS, ...(Object.fromEntries(made) as Partial<OutgoingTracks>) };
}

export function peerSide(
  clock: FakeClock,
  options: { self: string; remote: string; legacy?: boolean; tracks?: OutgoingTracks; ids?: string },
): Side {
  const connections: FakeConnection[] = [];
  const outgoing: Side["outgoing"] = [];
  const problems: unknown[] = [];
  const suspicions = { count: 0 };
  let ids = 0;
  const environment: PeerEnvironment = {
    clock,
    random: () => 0.5,
    newId: () => `${options.ids ?? options.self}${(ids += 1)}`,
    newStream: (all = []) => new FakeStream(all as unknown as FakeTrack[]) as unknown as MediaStream,
    newConnection: () => {
      const connection = new FakeConnection();
      connections.push(connection);
      return connection as unknown as RTCPeerConnection;
    },
    codecs: (kind) => ({ codecs: [{ mimeType: `${kind}/x`, clockRate: 1 }], headerExtensions: [] }),
    report: (what, error) => problems.push([what, error]),
  };
  const peer = createPeer({
    self: options.self,
    remote: options.remote,
    legacy: options.legacy ?? false,
    tracks: options.tracks ?? tracks("microphone", "camera"),
    context: { participants: 2, sharingScreen: false, phone: false },
    environment,
    onDescription: (description) => outgoing.push(structuredClone(description)),
    onCandidate: (candidate) => outgoing.push(candidate),
    onChange: () => {},
    onSuspicion: () => {
      suspicions.count += 1;
    },
  });
  return { peer, connections, outgoing, problems, suspicions };
}

export function peerPair(): Pair {
  const clock = fakeClock();
  const a = peerSide(clock, { self: "a", remote: "b" });
  const b = peerSide(clock, { self: "b", remote: "a" });

  return {
    clock,
    a,
    b,
    think,
    settle: async () => {
      await think();
      while (a.outgoing.length + b.outgoing.length > 0) {
        deliver(a, b);
        deliver(b, a);
        await think();
      }
    },
  };
}

/** Every step of the fakes is a microtask, so one task later all of them are done. */
export function think(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.addEventListener("message", () => {
      port1.close();
      resolve();
    });
    port1.start();
    port2.postMessage(null);
  });
}

export function deliver(from: Side, to: Side): void {
  for (const message of from.outgoing.splice(0)) {
    const description = readDescription(message);
    if (description === null) {
      to.peer.addCandidate(message as RTCIceCandidateInit);
    } else {
      to.peer.receive(description);
    }
  }
}
