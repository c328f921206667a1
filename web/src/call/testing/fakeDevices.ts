import type { MediaEnvironment } from "../devices";
import { fakeClock } from "./fakeClock";
import { FakeStream, FakeTrack } from "./fakeConnection";

/** A browser with a microphone and a camera, which may be unplugged or forbidden. */
export interface FakeDevices {
  readonly environment: MediaEnvironment;
  /** What `getUserMedia` was asked for, such as "audio+video". */
  readonly asked: string[];
  /** The answer to each further request; `null` gives tracks. */
  refuse(decide: (what: string) => DOMException | null): void;
  /** Answers wait until this is called. */
  hold(): () => void;
  plug(devices: readonly { kind: MediaDeviceKind; deviceId: string }[]): void;
  readonly given: FakeTrack[];
  grant(name: "camera" | "microphone"): void;
  readonly storage: Map<string, string>;
}

export function fakeDevices(): FakeDevices {
  const asked: string[] = [];
  const given: FakeTrack[] = [];
  const storage = new Map<string, string>();
  let decide: (what: string) => DOMException | null = () => null;
  let held: Promise<void> | null = null;
  let plugged: { kind: MediaDeviceKind; deviceId: string }[] = [
    { kind: "audioinput", deviceId: "mic-1" },
    { kind: "videoinput", deviceId: "cam-1" },
    { kind: "videoinput", deviceId: "cam-2" },
  ];
  const permissions = new Map<string, EventTarget & { state: PermissionState }>();

  class FakeMediaDevices extends EventTarget {
    async getUserMedia(constraints: MediaStreamConstraints): Promise<FakeStream> {
      const kinds = (["audio", "video"] as const).filter((kind) => constraints[kind] !== false);
      const what = kinds.join("+");
      asked.push(what);
      await held;
      const refusal = decide(what);
      if (refusal !== null) {
        throw refusal;
      }
      const tracks = kinds.map((kind) => new FakeTrack(kind, kind, { deviceId: choose(kind, constraints[kind]) }));
      given.push(...tracks);
      return new FakeStream(tracks);
    }
    async enumerateDevices(): Promise<{ kind: MediaDeviceKind; deviceId: string }[]> {
      return plugged;
    }
  }

  function choose(kind: "audio" | "video", constraints: boolean | MediaTrackConstraints | undefined): string {
    const wanted =
      typeof constraints === "object" ? (constraints.deviceId as ConstrainDOMStringParameters | undefined)?.ideal : null;
    const fitting = plugged.filter((device) => device.kind === `${kind}input`);
    return (fitting.find((device) => device.deviceId === wanted) ?? fitting[0])?.deviceId ?? "";
  }

  const mediaDevices = new FakeMediaDevices();
  return {
    asked,
    given,
    storage,
    refuse: (next) => {
      decide = next;
    },
    hold: () => {
      let release = (): void => {};
      held = new Promise((resolve) => {
        release = () => {
          held = null;
          resolve();
        };
      });
      return () => release();
    },
    plug: (devices) => {
      plugged = [...devices];
      mediaDevices.dispatchEvent(new Event("devicechange"));
    },
    grant: (name) => {
      const permission = permissions.get(name);
      if (permission !== undefined) {
        permission.state = "granted";
        permission.dispatchEvent(new Event("change"));
      }
    },
    environment: {
      clock: fakeClock(),
      isSecureContext: true,
      mediaDevices: mediaDevices as unknown as MediaDevices,
      permissions: {
        query: async ({ name }: { name: string }) => {
          const known = permissions.get(name) ?? Object.assign(new EventTarget(), { state: "denied" as const });
          permissions.set(name, known);
          return known;
        },
      } as unknown as Permissions,
      storage: () =>
        ({
          getItem: (key: string) => storage.get(key) ?? null,
          setItem: (key: string, value: string) => storage.set(key, value),
        }) as unknown as Storage,
      newStream: (tracks) => new FakeStream(tracks as unknown as FakeTrack[]) as unknown as MediaStream,
      newAudioContext: () => {
        throw new DOMException("no sound here", "NotSupportedError");
      },
      report: () => {},
    },
  };
}
