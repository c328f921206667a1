import { expect, it } from "vitest";

import type { Clock } from "../../services/clock";
import { createDiagnosis, type DiagnosisEnvironment } from "./diagnosis";
import { serversOver, transportOf } from "./turn";

const SERVERS = [
  { urls: ["stun:a:1", "turn:a:1?transport=udp", "turn:a:1?transport=tcp"], username: "u", credential: "c" },
  { urls: "turns:a:2?transport=tcp", username: "u", credential: "c" },
];

it("tries each transport by itself", () => {
  expect(transportOf("turn:a:1")).toBe("udp");
  expect(transportOf("stun:a:1")).toBe(null);
  expect(serversOver(SERVERS, "tcp")).toEqual([{ ...SERVERS[0], urls: ["turn:a:1?transport=tcp"] }]);
  expect(serversOver(SERVERS, "tls")).toEqual([{ ...SERVERS[1], urls: ["turns:a:2?transport=tcp"] }]);
  expect(serversOver([{ urls: "stun:a:1" }], "udp")).toEqual([]);
});

/** Time that never passes: no check waits for its end. */
const frozen: Clock = { now: () => 0, wallTime: () => 0, after: () => () => {} };

function bench(changes: Partial<DiagnosisEnvironment> = {}) {
  const diagnosis = createDiagnosis({
    api: { config: async () => ({ ok: false, failure: { kind: "unreachable" } }) },
    clock: frozen,
    report: () => {},
    isSecureContext: true,
    mediaDevices: {
      getUserMedia: async () => {
        throw new DOMException("no", "NotFoundError");
      },
    } as unknown as MediaDevices,
    newAudioContext: () => {
      throw new Error("no sound here");
    },
    newStream: () => ({}) as MediaStream,
    newConnection: undefined,
    openSocket: (_, events) => {
      queueMicrotask(() => events.onText("{}"));
      return { send: () => {}, bufferedAmount: () => 0, close: () => {} };
    },
    signalingUrl: "ws://a/ws",
    ...changes,
  });
  const done = new Promise<void>((resolve) => {
    diagnosis.state.subscribe(() => {
      if (diagnosis.state.get().phase === "done") resolve();
    });
  });
  return { diagnosis, done };
}

it("goes on after what fails, and passes over what is not offered", async () => {
  const { diagnosis, done } = bench();
  diagnosis.start();
  expect(diagnosis.state.get().phase).toBe("running");
  await done;
  const { checks } = diagnosis.state.get();
  expect(checks.camera).toEqual({ kind: "failed", failure: "not-found" });
  expect(checks.socket.kind).toBe("ok");
  expect([checks.udp.kind, checks.relay.kind, checks.bandwidth.kind]).toEqual([
    "skipped",
    "skipped",
    "skipped",
  ]);
});

it("tells a page without HTTPS from a browser without devices", async () => {
  for (const [isSecureContext, failure] of [
    [false, "insecure-context"],
    [true, "unsupported"],
  ] as const) {
    const { diagnosis, done } = bench({ isSecureContext, mediaDevices: undefined });
    diagnosis.start();
    await done;
    expect(diagnosis.state.get().checks.microphone).toEqual({ kind: "failed", failure });
  }
});

it("stops the camera at once, and the microphone when the page goes", async () => {
  const stopped: string[] = [];
  const { diagnosis, done } = bench({
    mediaDevices: {
      getUserMedia: async (wanted: MediaStreamConstraints) => {
        const kind = wanted.audio === true ? "microphone" : "camera";
        const track = { getSettings: () => ({ width: 4, height: 3 }), stop: () => stopped.push(kind) };
        return { getTracks: () => [track] };
      },
    } as unknown as MediaDevices,
  });
  diagnosis.start();
  await done;
  expect(diagnosis.state.get().checks.camera).toMatchObject({ measured: { width: 4, height: 3 } });
  expect(stopped).toEqual(["camera"]);
  diagnosis.dispose();
  expect(stopped).toEqual(["camera", "microphone"]);
});
