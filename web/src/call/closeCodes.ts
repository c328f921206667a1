import type { ErrorCode } from "../protocol/generated";
import type { CallEnd } from "./model";

/** What a closed socket means for the session (RFC 6455 section 7.4.1 and the protocol's own). */
export type CloseMeaning =
  | { kind: "reconnect" }
  | { kind: "over"; reason: CallEnd }
  | { kind: "refused"; code: ErrorCode };

export function closeMeaning(code: number): CloseMeaning {
  switch (code) {
    case 1000:
      return { kind: "over", reason: "left" };
    case 1008:
      return { kind: "refused", code: "rate-limited" };
    case 1009:
      return { kind: "refused", code: "message-too-large" };
    case 4001:
      return { kind: "over", reason: "taken-elsewhere" };
    default:
      return { kind: "reconnect" };
  }
}

/** Whether the server, going away or overloaded, is better asked at another of its addresses. */
export function goesElsewhere(code: number): boolean {
  return code === 1012 || code === 1013;
}

/** Whether another socket has the session now, of this page or of another. */
export function isTaken(meaning: CloseMeaning): boolean {
  return meaning.kind === "over" && meaning.reason === "taken-elsewhere";
}
