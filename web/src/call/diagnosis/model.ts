/** What a person's own side of a call is tried for, one after the other. */
import type { MediaFailure, Observable } from "../model";

export const CHECKS = [
  "camera",
  "microphone",
  "socket",
  "udp",
  "tcp",
  "tls",
  "relay",
  "bandwidth",
] as const;
export type Check = (typeof CHECKS)[number];

/** A figure that a check has found. */
export type Measured =
  | { readonly kind: "picture"; readonly width: number; readonly height: number }
  | { readonly kind: "milliseconds"; readonly value: number }
  | { readonly kind: "kbps"; readonly value: number };

export type CheckState =
  | { readonly kind: "waiting" }
  | { readonly kind: "running" }
  | { readonly kind: "ok"; readonly measured: Measured | null }
  /** The server offers nothing to try, or an earlier check has failed. */
  | { readonly kind: "skipped" }
  | { readonly kind: "failed"; readonly failure: MediaFailure | null };

export interface DiagnosisState {
  readonly phase: "idle" | "running" | "done";
  readonly checks: Readonly<Record<Check, CheckState>>;
}

export interface Diagnosis {
  readonly state: Observable<DiagnosisState>;
  /** Of the microphone, 0 to 1, while it runs and afterwards. */
  readonly level: Observable<number>;
  start(): void;
  dispose(): void;
}
