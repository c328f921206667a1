import type { LocalMediaState } from "./model";

export type DeviceKind = keyof LocalMediaState["selected"];

/** The chosen devices, remembered in this browser; unplugged ones too, as they come back. */
export interface DeviceChoice {
  get(kind: DeviceKind): string | null;
  set(kind: DeviceKind, deviceId: string): void;
}

export function createDeviceChoice(storage: () => Storage): DeviceChoice {
  const chosen = new Map<DeviceKind, string>();
  const key = (kind: DeviceKind): string => `wecall.device.${kind}`;
  return {
    get: (kind) => {
      try {
        return chosen.get(kind) ?? storage().getItem(key(kind));
      } catch {
        // Storage is switched off: the choice lives as long as the page.
        return null;
      }
    },
    set: (kind, deviceId) => {
      chosen.set(kind, deviceId);
      try {
        storage().setItem(key(kind), deviceId);
      } catch {
        // It is kept in `chosen`, for as long as the page lives.
      }
    },
  };
}
