import { madeOnce } from "./artifacts";

const SAMPLE_RATE = 48_000;
/** Chromium starts again at the end; every part below comes around in it. */
const SECONDS = 4;
const WAV_HEADER_BYTES = 44;

/** The resonances of some vowels, in Hz; one vowel a syllable. */
const VOWELS = [
  [730, 1090, 2440],
  [270, 2290, 3010],
  [570, 840, 2410],
  [530, 1840, 2480],
] as const;
const SYLLABLES_PER_SECOND = 4;
const PITCH_HZ = 120;
const HIGHEST_HZ = 4_000;
const RESONANCE_WIDTH_HZ = 120;

/**
 * Something like speech for Chromium's fake microphone (`--use-file-for-fake-audio-capture`):
 * syllables of changing vowels, so that Opus encodes what it is made for. Its own short beeps are
 * mostly silence, of which nobody would miss a packet.
 */
export function speechFile(): string {
  return madeOnce("speech.wav", wave);
}

function wave(): Buffer {
  const samples = speech();
  const wav = Buffer.alloc(WAV_HEADER_BYTES + 2 * samples.length);
  writeHeader(wav, 2 * samples.length);
  samples.forEach((sample, index) => {
    wav.writeInt16LE(Math.round(sample * 0x7fff), WAV_HEADER_BYTES + 2 * index);
  });
  return wav;
}

function speech(): Float64Array {
  const samples = new Float64Array(SECONDS * SAMPLE_RATE);
  const length = SAMPLE_RATE / SYLLABLES_PER_SECOND;
  samples.forEach((_, index) => {
    const syllable = Math.floor(index / length);
    const vowel = VOWELS[syllable % VOWELS.length] ?? VOWELS[0];
    const swell = Math.sin((Math.PI * (index % length)) / length) ** 0.5;
    samples[index] = 0.3 * swell * voice(index / SAMPLE_RATE, vowel);
  });
  return samples;
}

function voice(seconds: number, vowel: readonly number[]): number {
  let sum = 0;
  for (let hertz = PITCH_HZ; hertz < HIGHEST_HZ; hertz += PITCH_HZ) {
    const strength = vowel.reduce(
      (total, resonance) => total + 1 / (1 + ((hertz - resonance) / RESONANCE_WIDTH_HZ) ** 2),
      0,
    );
    sum += (strength / VOWELS.length) * Math.sin(2 * Math.PI * hertz * seconds);
  }
  return Math.max(-1, Math.min(1, sum));
}

/** 16-bit mono PCM. */
function writeHeader(wav: Buffer, dataBytes: number): void {
  wav.write("RIFF", 0);
  wav.writeUInt32LE(WAV_HEADER_BYTES - 8 + dataBytes, 4);
  wav.write("WAVEfmt ", 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(SAMPLE_RATE, 24);
  wav.writeUInt32LE(2 * SAMPLE_RATE, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write("data", 36);
  wav.writeUInt32LE(dataBytes, 40);
}
