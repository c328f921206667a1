/** The call engine of this page: everything that `createCall` is given, from the browser. */
import { createApi, type Api } from "../services/api";
import { loadChunk } from "../services/chunks";
import { systemClock } from "../services/clock";
import { reportToConsole } from "../services/report";
import { createWebRtc } from "../services/webrtc";
import { signalingUrl, socketOpener } from "../services/websocket";
import { createCall as assembleCall } from "./call";
import { createLocalMedia as assembleLocalMedia } from "./devices";
import { createLazyParts } from "./lazyParts";
import type { Call, LocalMedia } from "./model";
import { createSessionStore } from "./sessionStore";
import { createSignalingAddresses, type SignalingAddresses } from "./signalingAddresses";
import { createTabs, type TabChannel, type Tabs } from "./tabs";

export type * from "./model";
export type { Api, ApiFailure, ApiResult, OnBusy } from "../services/api";

/** The server that this page came from. */
export const api: Api = createApi();

let tabs: Tabs | null = null;

/** The same call in other tabs; one channel for the whole page. */
export function otherTabs(): Tabs {
  tabs ??= createTabs(tabChannel(), systemClock);
  return tabs;
}

export function createLocalMedia(): LocalMedia {
  return assembleLocalMedia({
    clock: systemClock,
    isSecureContext: window.isSecureContext,
    // Undefined over plain HTTP, whatever the types say.
    mediaDevices: navigator.mediaDevices as MediaDevices | undefined,
    permissions: navigator.permissions as Permissions | undefined,
    storage: () => window.localStorage,
    newStream: (tracks) => new MediaStream(tracks),
    newAudioContext: () => new AudioContext(),
    report: reportToConsole,
  });
}

export function createCall({ media }: { readonly media: LocalMedia }): Call {
  const addresses = createSignalingAddresses(signalingUrl(window.location), window.location);
  const config = configReader(addresses);
  const webrtc = createWebRtc({ config }, systemClock.now);
  return assembleCall(
    {
      clock: systemClock,
      random: Math.random,
      newId: randomId,
      newStream: (tracks) => new MediaStream(tracks ?? []),
      newConnection: webrtc.createConnection,
      prepareConnections: webrtc.prepare,
      adoptIceServers: webrtc.adopt,
      lateParts: createLazyParts(() => loadChunk(() => import("./lateParts")), {
        clock: systemClock,
        report: reportToConsole,
      }),
      codecs: (kind) => globalThis.RTCRtpReceiver?.getCapabilities(kind) ?? null,
      report: reportToConsole,
      openSocket: socketOpener(),
      addresses,
      refreshAddresses: () => void config(),
      sessions: createSessionStore(() => window.sessionStorage),
      page: {
        window,
        document,
        connection: networkInformation(),
        now: systemClock.now,
      },
      tabs: otherTabs(),
      isPhone: window.matchMedia("(pointer: coarse) and (max-width: 900px)").matches,
    },
    media,
  );
}

/** Each answer also says where signaling is. One question at a time. */
function configReader(addresses: SignalingAddresses): Api["config"] {
  let asking: ReturnType<Api["config"]> | null = null;
  async function ask(): ReturnType<Api["config"]> {
    const answer = await api.config();
    if (answer.ok) {
      addresses.configure(answer.value.signaling_urls);
    }
    return answer;
  }
  return () => {
    asking ??= ask().finally(() => {
      asking = null;
    });
    return asking;
  };
}

/** 128 random bits; `crypto.randomUUID` is missing over plain HTTP. */
function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Only Chromium has it. */
function networkInformation(): EventTarget | null {
  const { connection } = navigator as Navigator & { connection?: unknown };
  return connection instanceof EventTarget ? connection : null;
}

function tabChannel(): TabChannel {
  if (typeof BroadcastChannel === "function") {
    return new BroadcastChannel("wecall");
  }
  // Without it, no tab knows of another; the server ends the older one of a duplicated pair.
  return { postMessage: () => {}, addEventListener: () => {} };
}
