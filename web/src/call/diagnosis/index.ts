/** The diagnosis of this page: everything that `createDiagnosis` is given, from the browser. */
import { createApi } from "../../services/api";
import { systemClock } from "../../services/clock";
import { reportToConsole } from "../../services/report";
import { signalingUrl, socketOpener } from "../../services/websocket";
import { createDiagnosis as assemble } from "./diagnosis";
import type { Diagnosis } from "./model";

export type * from "./model";
export { CHECKS } from "./model";

export function createDiagnosis(): Diagnosis {
  const Connection = globalThis.RTCPeerConnection as typeof RTCPeerConnection | undefined;
  return assemble({
    api: createApi(),
    clock: systemClock,
    report: reportToConsole,
    isSecureContext: window.isSecureContext,
    // Undefined over plain HTTP, whatever the types say.
    mediaDevices: navigator.mediaDevices as MediaDevices | undefined,
    newAudioContext: () => new AudioContext(),
    newStream: (tracks) => new MediaStream(tracks),
    newConnection:
      Connection === undefined ? undefined : (configuration) => new Connection(configuration),
    openSocket: socketOpener(),
    signalingUrl: signalingUrl(window.location),
  });
}
