import type { PeerStats } from "./model";
import { entriesOf, number, selectedPair, sum, text, type Entry } from "./statsReport";

/** What is compared from one sample to the next. */
export interface StatsTotals {
  readonly at: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly packetsReceived: number;
  readonly packetsLost: number;
}

export interface StatsSample {
  readonly stats: PeerStats;
  readonly totals: StatsTotals;
}

/** Reads one report; rates are since `before`. */
export function readStats(report: Iterable<unknown>, at: number, before: StatsTotals | null): StatsSample {
  const entries = entriesOf(report);
  const all = [...entries.values()];
  const pair = selectedPair(entries);
  const inbound = all.filter((entry) => entry.type === "inbound-rtp");
  const outbound = all.filter((entry) => entry.type === "outbound-rtp");
  const totals: StatsTotals = {
    at,
    bytesSent: sum(outbound, "bytesSent"),
    bytesReceived: sum(inbound, "bytesReceived"),
    packetsReceived: sum(inbound, "packetsReceived"),
    packetsLost: sum(inbound, "packetsLost"),
  };
  const picture = largestPicture(inbound);
  const local = entries.get(text(pair, "localCandidateId") ?? "");
  const roundTrip = number(pair, "currentRoundTripTime");
  return {
    totals,
    stats: {
      roundTripMs: roundTrip === null ? null : Math.round(roundTrip * 1000),
      path: pathOf(text(local, "candidateType")),
      sendKbps: rate(totals, before, "bytesSent"),
      receiveKbps: rate(totals, before, "bytesReceived"),
      packetLoss: lossSince(totals, before),
      framesPerSecond: number(picture, "framesPerSecond"),
      frameWidth: number(picture, "frameWidth"),
      frameHeight: number(picture, "frameHeight"),
    },
  };
}

function largestPicture(inbound: readonly Entry[]): Entry | undefined {
  return inbound
    .filter((entry) => entry["kind"] === "video" && number(entry, "frameHeight") !== null)
    .sort((a, b) => (number(b, "frameHeight") ?? 0) - (number(a, "frameHeight") ?? 0))[0];
}

function rate(now: StatsTotals, before: StatsTotals | null, field: "bytesSent" | "bytesReceived"): number {
  if (before === null || now.at <= before.at) {
    return 0;
  }
  // A connection that began anew counts from zero.
  const bytes = Math.max(0, now[field] - before[field]);
  return Math.round((bytes * 8) / (now.at - before.at));
}

function lossSince(now: StatsTotals, before: StatsTotals | null): number {
  const lost = Math.max(0, now.packetsLost - (before?.packetsLost ?? 0));
  const received = Math.max(0, now.packetsReceived - (before?.packetsReceived ?? 0));
  return lost + received === 0 ? 0 : lost / (lost + received);
}

function pathOf(type: string | null): PeerStats["path"] {
  return type === "host" || type === "srflx" || type === "prflx" || type === "relay" ? type : null;
}
