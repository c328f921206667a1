/** What the views may do, bound to the engine. */
import type { CallPhase } from "../../call/model";
import type { CallActions, DeviceActions } from "../../components/callActions";
import type { CallEngine } from "../../hooks/useCallEngine";

export function callActions({ call, media }: CallEngine): CallActions {
  return {
    // Failures show in the state of the track.
    setMicrophone: (on) => void media.setMicrophone(on),
    setCamera: (on) => void media.setCamera(on),
    setScreen: (on) => void media.setScreen(on),
    setHand: (raised) => call.setHand(raised),
    react: (reaction) => call.react(reaction),
    rename: (name) => call.rename(name),
    sendChat: (text) => call.sendChat(text),
    retryChat: (key) => call.retryChat(key),
    dismissNotice: (id) => call.dismissNotice(id),
    lowerMicrophone: (peerId) => call.lowerMicrophone(peerId),
    removeParticipant: (peerId) => call.removeParticipant(peerId),
    transferHost: (peerId) => call.transferHost(peerId),
    setLocked: (locked) => call.setLocked(locked),
    endCall: () => call.endCall(),
    setView: (view) => call.setView(view),
    setQuality: (quality) => call.setQuality(quality),
    leave: () => call.leave(),
  };
}

export function deviceActions({ media }: CallEngine): DeviceActions {
  return {
    selectMicrophone: (deviceId) => void media.selectMicrophone(deviceId),
    selectCamera: (deviceId) => void media.selectCamera(deviceId),
    selectSpeaker: (deviceId) => void media.selectSpeaker(deviceId),
    flipCamera: () => void media.flipCamera(),
  };
}

export function joiningOf(phase: CallPhase): "no" | "joining" | "waiting" {
  if (phase.kind !== "joining") return "no";
  return phase.signaling.kind === "reconnecting" ? "waiting" : "joining";
}
