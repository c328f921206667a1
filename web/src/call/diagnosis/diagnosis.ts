/** Tries a person's side of a call: devices, ways to the server, and what goes through. */
import type { Api } from "../../services/api";
import type { Clock } from "../../services/clock";
import type { Report } from "../../services/report";
import type { OpenSocket } from "../../services/websocket";
import { failureBeforeAsking, failureOf } from "../mediaFailure";
import { createMicrophoneLevel } from "../microphoneLevel";
import { createStore } from "../observable";
import { CHECKS, type Check, type CheckState, type Diagnosis, type DiagnosisState } from "./model";
import { allocates, openLoop, serversOver, type NewConnection, type Transport } from "./turn";

export interface DiagnosisEnvironment {
  readonly api: Pick<Api, "config">;
  readonly clock: Clock;
  readonly report: Report;
  readonly isSecureContext: boolean;
  readonly mediaDevices: MediaDevices | undefined;
  readonly newAudioContext: () => AudioContext;
  readonly newStream: (tracks: MediaStreamTrack[]) => MediaStream;
  /** Undefined in a browser without WebRTC. */
  readonly newConnection: NewConnection | undefined;
  readonly openSocket: OpenSocket;
  readonly signalingUrl: string;
}

/** The server greets at once. */
const SOCKET_MS = 8_000;

const WAITING: CheckState = { kind: "waiting" };
const RUNNING: CheckState = { kind: "running" };
const SKIPPED: CheckState = { kind: "skipped" };
const FAILED: CheckState = { kind: "failed", failure: null };
const OK: CheckState = { kind: "ok", measured: null };

function all(state: CheckState): DiagnosisState["checks"] {
  const entries = CHECKS.map((check) => [check, state] as const);
  return Object.fromEntries(entries) as Record<Check, CheckState>;
}

export function createDiagnosis(environment: DiagnosisEnvironment): Diagnosis {
  const { clock, newConnection } = environment;
  const state = createStore<DiagnosisState>({ phase: "idle", checks: all(WAITING) });
  const meter = createMicrophoneLevel(environment);
  let microphone: MediaStreamTrack | null = null;
  let disposed = false;

  function show(check: Check, next: CheckState): void {
    state.update((now) => ({ ...now, checks: { ...now.checks, [check]: next } }));
  }

  async function run(check: Check, attempt: () => Promise<CheckState>): Promise<CheckState> {
    if (disposed) return SKIPPED;
    show(check, RUNNING);
    let result: CheckState;
    try {
      result = await attempt();
    } catch (error) {
      environment.report(`checking: ${check}`, error);
      result = FAILED;
    }
    show(check, result);
    return result;
  }

  async function capture(kind: "audio" | "video"): Promise<MediaStreamTrack | CheckState> {
    const { mediaDevices } = environment;
    const before = failureBeforeAsking(environment);
    if (before !== null || mediaDevices === undefined) {
      return { kind: "failed", failure: before ?? "unsupported" };
    }
    try {
      const stream = await mediaDevices.getUserMedia({ [kind]: true });
      const track = stream.getTracks()[0];
      return track ?? { kind: "failed", failure: "not-found" };
    } catch (error) {
      return { kind: "failed", failure: failureOf(error, null) };
    }
  }

  async function camera(): Promise<CheckState> {
    const track = await capture("video");
    if (!isTrack(track)) return track;
    const { width = 0, height = 0 } = track.getSettings();
    track.stop();
    return { kind: "ok", measured: { kind: "picture", width, height } };
  }

  async function listen(): Promise<CheckState> {
    const track = await capture("audio");
    if (!isTrack(track)) return track;
    if (disposed) {
      track.stop();
      return SKIPPED;
    }
    microphone = track;
    meter.setTrack(track);
    return OK;
  }

  function socket(): Promise<CheckState> {
    const start = clock.now();
    return new Promise((resolve) => {
      const opened = environment.openSocket(environment.signalingUrl, {
        onText: () => {
          const value = Math.round(clock.now() - start);
          opened.close();
          resolve({ kind: "ok", measured: { kind: "milliseconds", value } });
        },
        onClose: () => resolve(FAILED),
      });
      clock.after(SOCKET_MS, () => {
        opened.close();
        resolve(FAILED);
      });
    });
  }

  async function way(transport: Transport, servers: readonly RTCIceServer[]): Promise<CheckState> {
    const offered = serversOver(servers, transport);
    if (offered.length === 0 || newConnection === undefined) return SKIPPED;
    return (await allocates(newConnection, offered, clock)) ? OK : FAILED;
  }

  async function throughRelay(servers: readonly RTCIceServer[]): Promise<void> {
    const connect = newConnection;
    if (connect === undefined || servers.length === 0) {
      show("relay", SKIPPED);
      show("bandwidth", SKIPPED);
      return;
    }
    const loop = disposed ? null : await openLoopVisibly(connect, servers);
    if (loop === null) {
      show("relay", FAILED);
      show("bandwidth", SKIPPED);
      return;
    }
    try {
      await run("relay", async () => {
        const value = await loop.roundTripMs();
        if (value === null) return FAILED;
        return { kind: "ok", measured: { kind: "milliseconds", value: Math.round(value) } };
      });
      await run("bandwidth", async () => {
        const value = await loop.kbps();
        return value === null ? FAILED : { kind: "ok", measured: { kind: "kbps", value } };
      });
    } finally {
      loop.close();
    }
  }

  function openLoopVisibly(connect: NewConnection, servers: readonly RTCIceServer[]) {
    show("relay", RUNNING);
    return openLoop(connect, [...servers], clock);
  }

  async function runAll(): Promise<void> {
    await run("camera", camera);
    await run("microphone", listen);
    await run("socket", socket);
    const config = await environment.api.config();
    const servers = config.ok ? config.value.ice_servers : [];
    // At once: one that is blocked is waited for until its time is over.
    await Promise.all([
      run("udp", () => way("udp", servers)),
      run("tcp", () => way("tcp", servers)),
      run("tls", () => way("tls", servers)),
    ]);
    await throughRelay(servers);
    state.update((now) => ({ ...now, phase: "done" }));
  }

  function release(): void {
    meter.setTrack(null);
    microphone?.stop();
    microphone = null;
  }

  return {
    state,
    level: meter.level,
    start: () => {
      if (state.get().phase === "running") return;
      release();
      state.set({ phase: "running", checks: all(WAITING) });
      void runAll();
    },
    dispose: () => {
      disposed = true;
      release();
    },
  };
}

function isTrack(found: MediaStreamTrack | CheckState): found is MediaStreamTrack {
  return "stop" in found;
}
