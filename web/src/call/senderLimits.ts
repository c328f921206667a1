import type { Slot } from "./description";

/** What decides how much one connection of the mesh may send. */
export interface SendingContext {
  /** People in the call, oneself included. */
  readonly participants: number;
  readonly sharingScreen: boolean;
  readonly phone: boolean;
}

export interface SenderLimit {
  readonly maxBitrate: number;
  /** Missing for sound. */
  readonly maxFramerate?: number;
  /** The picture is scaled down to this many lines; missing where it goes out as it is. */
  readonly maxHeight?: number;
  readonly degradation?: "maintain-framerate" | "maintain-resolution" | "balanced";
}

interface CameraStep {
  readonly upTo: number;
  readonly height: number;
  readonly framerate: number;
  readonly kbps: number;
}

/**
 * Each further participant costs one more encoder and one more upload. A laptop encodes about
 * two 720p pictures without its fan; an upload of 2 Mbit/s carries all of each line.
 */
const CAMERA_STEPS: readonly CameraStep[] = [
  { upTo: 2, height: 720, framerate: 30, kbps: 1_700 },
  { upTo: 3, height: 480, framerate: 25, kbps: 700 },
  { upTo: 4, height: 360, framerate: 20, kbps: 450 },
  { upTo: Number.POSITIVE_INFINITY, height: 180, framerate: 15, kbps: 150 },
];
/** Beside a shared screen, the face is small on everybody's page. */
const BESIDE_SCREEN: CameraStep = { upTo: Number.POSITIVE_INFINITY, height: 180, framerate: 15, kbps: 150 };
const PHONE_FACTOR = 0.6;
const PHONE_MAX_HEIGHT = 480;

/** Text stays sharp at 5 to 15 pictures a second; below this bitrate it blurs while scrolling. */
const SCREEN_FRAMERATE = 15;
const SCREEN_KBPS = [2_500, 1_500, 1_000] as const;

/** Opus at 32 kbit/s is transparent for speech; RED sends it about twice. */
const MICROPHONE_KBPS = 40;
const SCREEN_AUDIO_KBPS = 96;

export function senderLimit(slot: Slot, context: SendingContext): SenderLimit {
  switch (slot) {
    case "microphone":
      return { maxBitrate: MICROPHONE_KBPS * 1000 };
    case "screen-audio":
      return { maxBitrate: SCREEN_AUDIO_KBPS * 1000 };
    case "screen": {
      const index = Math.min(Math.max(context.participants - 2, 0), SCREEN_KBPS.length - 1);
      const kbps = SCREEN_KBPS[index] ?? SCREEN_KBPS[0];
      return {
        maxBitrate: kbps * 1000,
        maxFramerate: SCREEN_FRAMERATE,
        degradation: "maintain-resolution",
      };
    }
    case "camera":
      return cameraLimit(context);
  }
}

function cameraLimit({ participants, sharingScreen, phone }: SendingContext): SenderLimit {
  const step = sharingScreen
    ? BESIDE_SCREEN
    : (CAMERA_STEPS.find(({ upTo }) => participants <= upTo) ?? BESIDE_SCREEN);
  return {
    maxBitrate: Math.round(step.kbps * (phone ? PHONE_FACTOR : 1)) * 1000,
    maxFramerate: step.framerate,
    maxHeight: phone ? Math.min(step.height, PHONE_MAX_HEIGHT) : step.height,
    degradation: participants <= 2 ? "balanced" : "maintain-framerate",
  };
}

/** How far a picture of `height` lines is scaled down; phones held upright count their short side. */
export function scaleDown(limit: SenderLimit, width: number | undefined, height: number | undefined): number {
  if (limit.maxHeight === undefined || height === undefined) {
    return 1;
  }
  const lines = Math.min(width ?? height, height);
  return Math.max(1, lines / limit.maxHeight);
}

/** `context`'s limit as one encoding of an RTCRtpSender. */
export function encodingOf(limit: SenderLimit, track: MediaStreamTrack | null): RTCRtpEncodingParameters {
  const encoding: RTCRtpEncodingParameters = { maxBitrate: limit.maxBitrate };
  if (limit.maxFramerate !== undefined) {
    encoding.maxFramerate = limit.maxFramerate;
    const { width, height } = track?.getSettings() ?? {};
    encoding.scaleResolutionDownBy = scaleDown(limit, width, height);
  }
  return encoding;
}

/**
 * What the camera is asked for: no more than is sent, and always the same shape. In layers, the
 * largest is for who fills a window with it, however many people there are.
 */
export function captureConstraints(participants: number, inLayers = false): MediaTrackConstraints {
  return inLayers || participants <= 3
    ? { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } }
    : { width: { ideal: 640 }, height: { ideal: 360 }, frameRate: { ideal: 20, max: 30 } };
}
