import type { Clock } from "../services/clock";
import type { Report } from "../services/report";
import { createDeviceChoice } from "./deviceChoice";
import { failureBeforeAsking, failureOf } from "./mediaFailure";
import { createMicrophoneLevel } from "./microphoneLevel";
import type { LocalMedia, LocalMediaState, LocalTrackState } from "./model";
import { createStore } from "./observable";
import { createScreenShare } from "./screenShare";
import { captureConstraints } from "./senderLimits";

export interface MediaEnvironment {
  readonly clock: Clock;
  readonly isSecureContext: boolean;
  readonly mediaDevices: MediaDevices | undefined;
  readonly permissions: Permissions | undefined;
  readonly storage: () => Storage;
  readonly newStream: (tracks: MediaStreamTrack[]) => MediaStream;
  readonly newAudioContext: () => AudioContext;
  readonly report: Report;
}

type Device = "microphone" | "camera";
const DEVICES: readonly Device[] = ["microphone", "camera"];

interface Slot {
  /** What the person asked for last. */
  wanted: boolean;
  /** A muted microphone keeps its track, so that unmuting is instant; a camera that is off has none. */
  track: MediaStreamTrack | null;
  /** Rises with each request, so that an answer that was overtaken is recognised. */
  request: number;
}

const OFF: LocalTrackState = { kind: "off" };

export function createLocalMedia(environment: MediaEnvironment): LocalMedia {
  const { mediaDevices, report } = environment;
  const choice = createDeviceChoice(environment.storage);
  const meter = createMicrophoneLevel(environment);
  const slots: Record<Device, Slot> = {
    microphone: { wanted: false, track: null, request: 0 },
    camera: { wanted: false, track: null, request: 0 },
  };
  const cleanups: (() => void)[] = [];
  let disposed = false;
  const state = createStore<LocalMediaState>({
    microphone: OFF,
    camera: OFF,
    screen: OFF,
    devices: { microphones: [], cameras: [], speakers: [] },
    selected: {
      microphone: choice.get("microphone"),
      camera: choice.get("camera"),
      speaker: choice.get("speaker"),
    },
  });
  const screen = createScreenShare(environment, (next) => state.update((now) => ({ ...now, screen: next })));

  function show(device: Device, next: LocalTrackState): void {
    state.update((now) => ({ ...now, [device]: next }));
  }

  function constraintsOf(device: Device): MediaTrackConstraints {
    const id = choice.get(device);
    // `ideal`: when the chosen one is unplugged, any other is better than none.
    const chosen: MediaTrackConstraints = id === null ? {} : { deviceId: { ideal: id } };
    return device === "microphone"
      ? { ...chosen, echoCancellation: true, noiseSuppression: true, autoGainControl: true }
      : { ...chosen, ...captureConstraints(2), facingMode: "user" };
  }

  /** Asks for devices that are wanted and not there yet, together if there are two. */
  async function acquire(devices: readonly Device[]): Promise<void> {
    const failure = failureBeforeAsking(environment);
    if (failure !== null || mediaDevices === undefined) {
      devices.forEach((device) => show(device, { kind: "failed", failure: failure ?? "unsupported" }));
      return;
    }
    const requests = devices.map((device) => {
      slots[device].request += 1;
      show(device, { kind: "starting" });
      return slots[device].request;
    });
    try {
      const stream = await mediaDevices.getUserMedia({
        audio: devices.includes("microphone") && constraintsOf("microphone"),
        video: devices.includes("camera") && constraintsOf("camera"),
      });
      for (const track of stream.getTracks()) {
        const device: Device = track.kind === "audio" ? "microphone" : "camera";
        const request = requests[devices.indexOf(device)];
        take(device, track, request);
      }
    } catch (error) {
      const current = devices.filter((device, index) => slots[device].request === requests[index]);
      await handleRefusal(current, error);
    }
    await listDevices();
  }

  async function handleRefusal(devices: readonly Device[], error: unknown): Promise<void> {
    const [first] = devices;
    if (first === undefined) {
      return;
    }
    const failure = failureOf(error, await permissionState(first));
    if (devices.length > 1 && failure !== "dismissed") {
      // One of them may be there and allowed. One after the other: two dialogs at once confuse.
      for (const device of devices) {
        await acquire([device]);
      }
      return;
    }
    devices.forEach((device) => {
      if (slots[device].wanted) {
        show(device, { kind: "failed", failure });
      }
    });
  }

  function take(device: Device, track: MediaStreamTrack, request: number | undefined): void {
    const slot = slots[device];
    if (disposed || slot.request !== request || (!slot.wanted && device === "camera")) {
      // Switched off, or asked for again, while the browser was opening it.
      track.stop();
      return;
    }
    const before = slot.track;
    slot.track = track;
    track.addEventListener("ended", () => handleEnded(device, track));
    track.enabled = slot.wanted;
    if (device === "microphone") {
      meter.setTrack(track);
    } else {
      track.contentHint = "motion";
    }
    show(device, slot.wanted ? { kind: "live", stream: environment.newStream([track]) } : OFF);
    before?.stop();
  }

  /** Unplugged, taken away by the system, or its permission withdrawn: another one may do. */
  function handleEnded(device: Device, track: MediaStreamTrack): void {
    const slot = slots[device];
    if (slot.track !== track) {
      return;
    }
    release(device);
    if (slot.wanted) {
      void acquire([device]);
    }
  }

  function release(device: Device): void {
    const { track } = slots[device];
    slots[device].track = null;
    if (device === "microphone") {
      meter.setTrack(null);
    }
    track?.stop();
  }

  async function set(device: Device, on: boolean): Promise<void> {
    const slot = slots[device];
    slot.wanted = on;
    if (!on) {
      // Who sends it lets go of it first, so that the last picture is not a black one.
      show(device, OFF);
      if (device === "camera") {
        slot.request += 1;
        release(device);
      } else if (slot.track !== null) {
        slot.track.enabled = false;
      }
      return;
    }
    if (slot.track !== null && slot.track.readyState === "live") {
      slot.track.enabled = true;
      show(device, { kind: "live", stream: environment.newStream([slot.track]) });
    } else if (state.get()[device].kind !== "starting") {
      await acquire([device]);
    }
  }

  async function select(device: Device, deviceId: string): Promise<void> {
    remember(device, deviceId);
    if (slots[device].wanted) {
      await acquire([device]);
    } else {
      release(device);
    }
  }

  function remember(kind: keyof LocalMediaState["selected"], deviceId: string): void {
    choice.set(kind, deviceId);
    state.update((now) => ({ ...now, selected: { ...now.selected, [kind]: deviceId } }));
  }

  async function listDevices(): Promise<readonly MediaDeviceInfo[]> {
    let all: readonly MediaDeviceInfo[] = [];
    try {
      all = (await mediaDevices?.enumerateDevices()) ?? [];
    } catch (error) {
      report("listing devices", error);
    }
    // Before the permission, browsers tell of devices without their names.
    const named = all.filter((device) => device.deviceId !== "");
    const of = (kind: MediaDeviceKind): MediaDeviceInfo[] => named.filter((device) => device.kind === kind);
    state.update((now) => ({
      ...now,
      devices: { microphones: of("audioinput"), cameras: of("videoinput"), speakers: of("audiooutput") },
    }));
    return named;
  }

  async function handleDeviceChange(): Promise<void> {
    const named = await listDevices();
    for (const device of DEVICES) {
      const slot = slots[device];
      const now = state.get()[device];
      const preferred = choice.get(device);
      const inUse = slot.track?.getSettings().deviceId;
      const cameBack = preferred !== null && inUse !== preferred && named.some((one) => one.deviceId === preferred);
      const maybeFixed = now.kind === "failed" && (now.failure === "not-found" || now.failure === "busy");
      if (slot.wanted && (maybeFixed || (cameBack && now.kind === "live"))) {
        await acquire([device]);
      }
    }
  }

  async function permissionState(device: Device): Promise<PermissionState | null> {
    return (await permissionOf(device))?.state ?? null;
  }

  async function permissionOf(device: Device): Promise<PermissionStatus | null> {
    try {
      return (await environment.permissions?.query({ name: device as PermissionName })) ?? null;
    } catch {
      // Some browsers do not let one ask about devices; then there is nothing to know.
      return null;
    }
  }

  /** Closes the message about a refusal by itself, once it is taken back. */
  async function watchPermission(device: Device): Promise<void> {
    const permission = await permissionOf(device);
    if (permission === null || disposed) {
      return;
    }
    const handle = (): void => {
      const now = state.get()[device];
      if (permission.state === "granted" && now.kind === "failed" && slots[device].wanted) {
        void acquire([device]);
      }
    };
    permission.addEventListener("change", handle);
    cleanups.push(() => permission.removeEventListener("change", handle));
  }

  const changed = (): void => void handleDeviceChange();
  mediaDevices?.addEventListener?.("devicechange", changed);
  cleanups.push(() => mediaDevices?.removeEventListener?.("devicechange", changed));
  DEVICES.forEach((device) => void watchPermission(device));

  return {
    state,
    microphoneLevel: meter.level,
    start: async (wanted) => {
      const missing = DEVICES.filter((device) => wanted[device] && slots[device].track === null);
      const others = DEVICES.filter((device) => !missing.includes(device));
      missing.forEach((device) => {
        slots[device].wanted = true;
      });
      const switched = others.map((device) => set(device, wanted[device]));
      await Promise.all([...switched, missing.length > 0 ? acquire(missing) : undefined]);
    },
    setMicrophone: (on) => set("microphone", on),
    setCamera: (on) => set("camera", on),
    setScreen: (on) => (on ? screen.start() : Promise.resolve(screen.stop())),
    selectMicrophone: (deviceId) => select("microphone", deviceId),
    selectCamera: (deviceId) => select("camera", deviceId),
    selectSpeaker: async (deviceId) => remember("speaker", deviceId),
    flipCamera: async () => {
      const { cameras } = state.get().devices;
      const inUse = slots.camera.track?.getSettings().deviceId;
      const at = cameras.findIndex((camera) => camera.deviceId === inUse);
      const next = cameras[(at + 1) % Math.max(cameras.length, 1)];
      if (next === undefined || next.deviceId === inUse) {
        return;
      }
      // Most phones open one camera at a time.
      release("camera");
      await select("camera", next.deviceId);
    },
    dispose: () => {
      disposed = true;
      cleanups.forEach((cleanup) => cleanup());
      DEVICES.forEach(release);
      screen.stop();
    },
  };
}

