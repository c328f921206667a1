import type { MediaFigures } from "../protocol/generated";
import type { ServerStats } from "./model";
import type { ServerConnection } from "./serverConnection";
import { entriesOf, number, reachOf, selectedPair, text, type Entry } from "./statsReport";

/** Bytes of each stream by the id of its entry, to be compared with the next sample. */
export interface ServerTotals {
  readonly at: number;
  readonly bytes: ReadonlyMap<string, number>;
}

export interface ServerSample {
  readonly stats: ServerStats;
  readonly totals: ServerTotals;
}

type Source = Pick<ServerConnection, "state" | "slots" | "sent" | "figures">;

/** Reads one report of the connection to the media server; rates are since `before`. */
export function readServerStats(
  connection: Source,
  report: Iterable<unknown>,
  at: number,
  before: ServerTotals | null,
): ServerSample {
  const entries = entriesOf(report);
  const bytes = new Map<string, number>();
  const streams = (type: string, field: string): Entry[] => {
    const found = [...entries.values()].filter((entry) => entry.type === type);
    found.forEach((entry) => bytes.set(entry.id, number(entry, field) ?? 0));
    return found;
  };
  const outbound = streams("outbound-rtp", "bytesSent");
  const inbound = streams("inbound-rtp", "bytesReceived");
  const kbps = (entry: Entry | undefined): number => {
    const now = bytes.get(entry?.id ?? "");
    const then = before?.bytes.get(entry?.id ?? "");
    const isRate = now !== undefined && then !== undefined && before !== null && at > before.at;
    return isRate ? Math.round((Math.max(0, now - then) * 8) / (at - before.at)) : 0;
  };
  const roundTrip = number(selectedPair(entries), "currentRoundTripTime");
  const figures = connection.figures();
  return {
    totals: { at, bytes },
    stats: {
      state: connection.state(),
      transport: reachOf(entries),
      ...serverFigures(figures),
      roundTripMs: roundTrip === null ? (figures?.round_trip_ms ?? null) : Math.round(roundTrip * 1000),
      sending: sentLayers(connection, outbound, kbps),
      slots: connection.slots().map(({ mid, content, layer, paused }) => {
        const entry = inbound.find((one) => text(one, "mid") === mid);
        return {
          mid,
          peerId: content?.peer_id ?? null,
          source: content?.source ?? null,
          layer,
          paused,
          ...pictureOf(entry),
          kbps: kbps(entry),
        };
      }),
    },
  };
}

function serverFigures(
  figures: MediaFigures | null,
): Pick<ServerStats, "estimateKbps" | "allocatedKbps" | "desiredKbps" | "lossToClient" | "lossFromClient"> {
  return {
    estimateKbps: figures?.estimate_kbps ?? null,
    allocatedKbps: figures?.allocated_kbps ?? null,
    desiredKbps: figures?.desired_kbps ?? null,
    lossToClient: figures?.loss_to_client ?? null,
    lossFromClient: figures?.loss_from_client ?? null,
  };
}

function sentLayers(
  connection: Source,
  outbound: readonly Entry[],
  kbps: (entry: Entry | undefined) => number,
): ServerStats["sending"] {
  return [...connection.sent()].flatMap(([source, { mid, sender }]) => {
    if (sender.track === null) {
      return [];
    }
    const ofSection = outbound.filter((entry) => text(entry, "mid") === mid);
    return sender.getParameters().encodings.map(({ rid = "", active = true }) => {
      const entry = ofSection.find((one) => (text(one, "rid") ?? "") === rid);
      return { source, rid, active, ...pictureOf(entry), kbps: kbps(entry) };
    });
  });
}

function pictureOf(entry: Entry | undefined): { width: number | null; height: number | null; fps: number | null } {
  return {
    width: number(entry, "frameWidth"),
    height: number(entry, "frameHeight"),
    fps: number(entry, "framesPerSecond"),
  };
}
