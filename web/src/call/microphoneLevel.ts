import { every, type Clock } from "../services/clock";
import type { Report } from "../services/report";
import type { Observable } from "./model";
import { createStore } from "./observable";

export interface MicrophoneLevel {
  readonly level: Observable<number>;
  /** The microphone is another one now, or none. */
  setTrack(track: MediaStreamTrack | null): void;
}

const SAMPLE_MS = 100;
/** 1,024 samples at 48 kHz are 21 ms: one syllable's worth. */
const FFT_SIZE = 1024;

/** Measures the microphone while somebody looks, on a copy that does not know of muting. */
export function createMicrophoneLevel(options: {
  clock: Clock;
  newAudioContext: () => AudioContext;
  newStream: (tracks: MediaStreamTrack[]) => MediaStream;
  report: Report;
}): MicrophoneLevel {
  let track: MediaStreamTrack | null = null;
  let watched = false;
  let stopMeter = (): void => {};
  const level = createStore(0, () => {
    watched = true;
    restart();
    return () => {
      watched = false;
      restart();
    };
  });

  function restart(): void {
    stopMeter();
    stopMeter = (): void => {};
    if (watched && track !== null) {
      stopMeter = startMeter(track);
    } else {
      level.set(0);
    }
  }

  function startMeter(source: MediaStreamTrack): () => void {
    const copy = source.clone();
    copy.enabled = true;
    let context: AudioContext;
    try {
      context = options.newAudioContext();
    } catch (error) {
      // No sound output at all: the meter stays at zero, the microphone works.
      options.report("measuring the microphone", error);
      copy.stop();
      return () => {};
    }
    const analyser = context.createAnalyser();
    analyser.fftSize = FFT_SIZE;
    context.createMediaStreamSource(options.newStream([copy])).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const cancel = every(options.clock, SAMPLE_MS, () => {
      if (context.state === "suspended") {
        // Allowed from the first click on the page on.
        context.resume().catch((error: unknown) => options.report("resuming the meter", error));
      }
      analyser.getFloatTimeDomainData(samples);
      level.set(loudness(samples));
    });
    return () => {
      cancel();
      copy.stop();
      context.close().catch((error: unknown) => options.report("closing the meter", error));
    };
  }

  return {
    level,
    setTrack: (next) => {
      if (next !== track) {
        track = next;
        restart();
      }
    },
  };
}

/** Root mean square, in steps of a hundredth so that silence does not change all the time. */
export function loudness(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) {
    sum += sample * sample;
  }
  return samples.length === 0 ? 0 : Math.min(1, Math.round(Math.sqrt(sum / samples.length) * 100) / 100);
}
