import type { Slot, SlotContent } from "../../protocol/generated";
import type { CallBench } from "./callBench";
import type { FakeConnection, FakeTransceiver } from "./fakeConnection";
import { think } from "./peerPair";

/** The room's media server, as a call in the bench sees it. */
export interface FakeMediaServer {
  readonly peerId: string;
  /** Connections to it that were made so far; the last one is that of now. */
  connections(): FakeConnection[];
  connection(): FakeConnection;
  /** Answers the last offer. */
  answer(): Promise<void>;
  /** Answers, and the path comes about. */
  connect(): Promise<void>;
  /** Sections in which something may come, by kind. */
  sections(kind: "audio" | "video"): FakeTransceiver[];
  /** Tells what is in the slots: the pictures and voices in their order. */
  fill(...contents: (SlotContent | null)[]): void;
  /** A frame, or a packet, comes in each slot with something in it. */
  deliver(): void;
  gone(reason: string): void;
  views(): Record<string, unknown>[];
}

export const MEDIA = { peer_id: "server", from_participants: 3 };

export const camera = (peer_id: string): SlotContent => ({ peer_id, source: "camera" });
export const voice = (peer_id: string): SlotContent => ({ peer_id, source: "microphone" });

export function fakeMediaServer(bench: CallBench, peerId = MEDIA.peer_id): FakeMediaServer {
  let slots: Slot[] = [];

  const toServer = (type: string): Record<string, unknown>[] =>
    bench.sockets.all
      .flatMap(({ sent }) => sent)
      .filter((message) => message["type"] === type && message["target_peer_id"] === peerId);

  function connections(): FakeConnection[] {
    const offered = new Set(toServer("offer").map(({ offer }) => (offer as { sdp: string }).sdp));
    // A trial connection has one section, the real one many.
    return bench.connections.filter(({ localDescription }) => offered.has(localDescription?.sdp ?? ""));
  }

  function connection(): FakeConnection {
    const last = connections().at(-1);
    if (last === undefined) {
      throw new Error("nothing was offered to the media server");
    }
    return last;
  }

  async function answer(): Promise<void> {
    await think();
    const last = toServer("offer").at(-1)?.["offer"] as { sdp: string } | undefined;
    const sections = (JSON.parse(last?.sdp ?? "[]") as { mid: string; kind: string; direction: string }[]).map((section) => ({
      ...section,
      direction: section.direction === "sendonly" ? "recvonly" : section.direction === "recvonly" ? "sendonly" : "inactive",
    }));
    bench.receive({ type: "answer", peer_id: peerId, answer: { type: "answer", sdp: JSON.stringify(sections) } });
    await think();
  }

  function sections(kind: "audio" | "video"): FakeTransceiver[] {
    return connection()
      .getTransceivers()
      .filter((transceiver) => transceiver.kind === kind && transceiver.direction === "recvonly");
  }

  return {
    peerId,
    connections,
    connection,
    answer,
    sections,
    connect: async () => {
      await answer();
      connection().setState("connected");
      await think();
    },
    fill: (...contents) => {
      const free = { audio: sections("audio"), video: sections("video") };
      slots = contents.map((content) => {
        const kind = content?.source === "microphone" || content?.source === "screen-audio" ? "audio" : "video";
        return { mid: free[kind].shift()?.mid ?? "", content, paused: false };
      });
      bench.receive({ type: "slots", peer_id: peerId, slots });
    },
    deliver: () => {
      for (const transceiver of connection().getTransceivers()) {
        if (slots.some(({ mid, content }) => mid === transceiver.mid && content !== null)) {
          transceiver.received += 1;
        }
      }
    },
    gone: (reason) => bench.receive({ type: "media-gone", peer_id: peerId, reason }),
    views: () => toServer("view"),
  };
}
