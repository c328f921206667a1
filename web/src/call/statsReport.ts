/** Reading an `RTCStatsReport`, of which any entry and any field may be missing. */
import type { Reach } from "../protocol/generated";

export interface Entry {
  readonly id: string;
  readonly type: string;
  readonly timestamp: number;
  readonly [field: string]: unknown;
}

export type Entries = ReadonlyMap<string, Entry>;

export function entriesOf(report: Iterable<unknown>): Entries {
  const entries = new Map<string, Entry>();
  for (const entry of report) {
    if (isEntry(entry)) {
      entries.set(entry.id, entry);
    }
  }
  return entries;
}

/** The pair of candidates by which everything goes. */
export function selectedPair(entries: Entries): Entry | undefined {
  const all = [...entries.values()];
  const transport = all.find((entry) => entry.type === "transport");
  const named = entries.get(text(transport, "selectedCandidatePairId") ?? "");
  // Firefox has no transport entries, and marks the pair instead.
  return named ?? all.find((entry) => entry.type === "candidate-pair" && entry["selected"] === true);
}

/** By what way the other end is reached; null while there is no connection. */
export function reachOf(entries: Entries): Exclude<Reach, "nothing"> | null {
  const local = entries.get(text(selectedPair(entries), "localCandidateId") ?? "");
  if (local === undefined) {
    return null;
  }
  if (text(local, "candidateType") === "relay") {
    return "relay";
  }
  return text(local, "protocol") === "tcp" ? "tcp" : "udp";
}

export function sum(entries: readonly Entry[], field: string): number {
  return entries.reduce((total, entry) => total + (number(entry, field) ?? 0), 0);
}

export function number(entry: Entry | undefined, field: string): number | null {
  const value = entry?.[field];
  return typeof value === "number" ? value : null;
}

export function text(entry: Entry | undefined, field: string): string | null {
  const value = entry?.[field];
  return typeof value === "string" ? value : null;
}

function isEntry(value: unknown): value is Entry {
  return typeof value === "object" && value !== null && "id" in value && "type" in value;
}
