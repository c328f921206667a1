import type { CallQuality, CallViewRequest } from "../call/model";
import type { PeerId, Reaction } from "../protocol/generated";

export type Panel = "chat" | "people";
export type CallDialog = "devices" | "stats" | "shortcuts" | "invite" | "view" | "more";

/** What a person can do in a call, as plain functions: views need no engine. */
export interface CallActions {
  setMicrophone(on: boolean): void;
  setCamera(on: boolean): void;
  setScreen(on: boolean): void;
  setHand(raised: boolean): void;
  react(reaction: Reaction): void;
  rename(name: string): void;
  sendChat(text: string): void;
  retryChat(key: string): void;
  dismissNotice(id: number): void;
  lowerMicrophone(peerId: PeerId): void;
  removeParticipant(peerId: PeerId): void;
  transferHost(peerId: PeerId): void;
  setLocked(locked: boolean): void;
  endCall(): void;
  /** Which pictures are looked at. */
  setView(view: CallViewRequest): void;
  setQuality(quality: CallQuality): void;
  leave(): void;
}

export interface DeviceActions {
  selectMicrophone(deviceId: string): void;
  selectCamera(deviceId: string): void;
  selectSpeaker(deviceId: string): void;
  flipCamera(): void;
}
