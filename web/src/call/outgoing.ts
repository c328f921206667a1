import type { MediaState } from "../protocol/generated";
import type { OutgoingTracks } from "./description";
import type { LocalMediaState, LocalTrackState } from "./model";

/** The tracks to send, of what the own devices give. */
export function outgoingTracks(media: LocalMediaState): OutgoingTracks {
  return {
    microphone: audioTrack(media.microphone),
    camera: videoTrack(media.camera),
    screen: videoTrack(media.screen),
    "screen-audio": audioTrack(media.screen),
  };
}

export function sameTracks(a: OutgoingTracks, b: OutgoingTracks): boolean {
  return (Object.keys(a) as (keyof OutgoingTracks)[]).every((slot) => a[slot] === b[slot]);
}

/** What the others are told of it. */
export function mediaState(media: LocalMediaState): MediaState {
  return {
    microphone: media.microphone.kind === "live",
    camera: media.camera.kind === "live",
    screen: media.screen.kind === "live",
  };
}

export function sameMedia(a: MediaState, b: MediaState): boolean {
  return a.microphone === b.microphone && a.camera === b.camera && a.screen === b.screen;
}

function audioTrack(state: LocalTrackState): MediaStreamTrack | null {
  return state.kind === "live" ? (state.stream.getAudioTracks()[0] ?? null) : null;
}

function videoTrack(state: LocalTrackState): MediaStreamTrack | null {
  return state.kind === "live" ? (state.stream.getVideoTracks()[0] ?? null) : null;
}
