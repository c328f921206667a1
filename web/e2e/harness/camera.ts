import { madeOnce } from "./artifacts";

/**
 * Two cores encode and decode a mesh of four at this size; at 640×360 the processor would decide
 * the outcome of a test.
 */
const WIDTH = 320;
const HEIGHT = 180;
const FRAMES_PER_SECOND = 15;
/** The sway below comes around in it, so that the loop does not jump. */
const FRAMES = 30;

/**
 * A short film for Chromium's fake camera (`--use-file-for-fake-video-capture`): somebody in
 * front of a wall, swaying. Every frame differs from the one before.
 */
export function cameraFilm(): string {
  return madeOnce(`camera-${WIDTH}x${HEIGHT}.y4m`, film);
}

function film(): Buffer {
  const header = `YUV4MPEG2 W${WIDTH} H${HEIGHT} F${FRAMES_PER_SECOND}:1 Ip A1:1 C420\n`;
  const parts: Buffer[] = [Buffer.from(header)];
  for (let frame = 0; frame < FRAMES; frame += 1) {
    parts.push(Buffer.from("FRAME\n"), picture((2 * Math.PI * frame) / FRAMES));
  }
  return Buffer.concat(parts);
}

/** Luma, blue difference and red difference of one pixel. */
type Colour = readonly [number, number, number];

const SKIN: Colour = [165, 110, 150];
const HAIR: Colour = [50, 125, 135];
const SHIRT: Colour = [95, 150, 110];

function picture(phase: number): Buffer {
  const pixels = WIDTH * HEIGHT;
  const buffer = Buffer.alloc((pixels * 3) / 2);
  for (let y = 0; y < HEIGHT; y += 1) {
    for (let x = 0; x < WIDTH; x += 1) {
      const [luma, blue, red] = colour(x, y, phase);
      buffer[y * WIDTH + x] = luma;
      if (x % 2 === 0 && y % 2 === 0) {
        const chroma = (y / 2) * (WIDTH / 2) + x / 2;
        buffer[pixels + chroma] = blue;
        buffer[pixels + pixels / 4 + chroma] = red;
      }
    }
  }
  return buffer;
}

function colour(x: number, y: number, phase: number): Colour {
  const middle = WIDTH / 2 + 14 * Math.sin(phase);
  const nod = 3 * Math.cos(phase);
  const inside = (cx: number, cy: number, rx: number, ry: number) =>
    ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1;
  if (inside(middle, 82 + nod, 27, 35)) return SKIN;
  if (inside(middle, 70 + nod, 34, 38)) return HAIR;
  if (inside(middle, 190, 80, 72)) return SHIRT;
  const wall = 120 + (50 * x) / WIDTH - (40 * y) / HEIGHT;
  return [Math.round(wall), 132, 122];
}
