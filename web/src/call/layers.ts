/**
 * The sizes in which a picture goes to the media server, which passes each receiver the one that
 * fits. Each layer costs an encoder, so only those run that say more than the one below.
 */
interface LayerLimit {
  readonly rid: string;
  /** The picture is scaled down to this many lines. */
  readonly lines: number;
  readonly framerate: number;
  readonly kbps: number;
}

/** A filmstrip, a tile of a page, and a picture that fills the window. */
const CAMERA: readonly LayerLimit[] = [
  { rid: "q", lines: 180, framerate: 15, kbps: 150 },
  { rid: "h", lines: 360, framerate: 24, kbps: 500 },
  { rid: "f", lines: 720, framerate: 30, kbps: 1_500 },
];
/** A phone gets warm by the third. */
const PHONE_CAMERA: readonly LayerLimit[] = CAMERA.slice(0, 2);
/** The first is for thumbnails and narrow paths, the second for reading. */
const SCREEN: readonly LayerLimit[] = [
  { rid: "q", lines: 540, framerate: 5, kbps: 300 },
  { rid: "f", lines: Number.POSITIVE_INFINITY, framerate: 15, kbps: 2_500 },
];

export type LayeredSource = "camera" | "screen";

export interface LayerContext {
  readonly source: LayeredSource;
  readonly phone: boolean;
  /** Of the picture as it is captured; its short side. `null` while there is none. */
  readonly lines: number | null;
  /** What the media server has use for; `null` until it has said. */
  readonly needed: readonly string[] | null;
}

/** What a section is made for before there is a picture. */
const USUAL_LINES: Readonly<Record<LayeredSource, number>> = { camera: 720, screen: 1_080 };

/** The encodings of a source: always as many, in the order from small to large. */
export function layerEncodings({ source, phone, needed, ...context }: LayerContext): RTCRtpEncodingParameters[] {
  const limits = source === "screen" ? SCREEN : phone ? PHONE_CAMERA : CAMERA;
  const lines = context.lines ?? USUAL_LINES[source];
  const useful = limits.filter((_, index) => saysMore(limits, index, source, lines)).map(({ rid }) => rid);
  const active = activeLayers(useful, needed);
  return limits.map((limit) => ({
    rid: limit.rid,
    active: active.includes(limit.rid),
    maxBitrate: limit.kbps * 1000,
    maxFramerate: limit.framerate,
    scaleResolutionDownBy: Math.max(1, lines / limit.lines),
  }));
}

function saysMore(
  limits: readonly LayerLimit[],
  index: number,
  source: LayeredSource,
  lines: number,
): boolean {
  const below = limits[index - 1];
  // The sharp layer of a screen has more pictures and more bits, whatever its size.
  return below === undefined || source === "screen" || lines > below.lines;
}

function activeLayers(useful: readonly string[], needed: readonly string[] | null): readonly string[] {
  if (needed === null || needed.length === 0) {
    return needed ?? useful;
  }
  const both = useful.filter((rid) => needed.includes(rid));
  // Someone needs a layer that this picture does not fill: the largest is what there is of it.
  return both.length > 0 ? both : useful.slice(-1);
}

/** The short side of a picture, so that a phone held upright sends the same sizes. */
export function linesOf(track: MediaStreamTrack | null): number | null {
  const { width, height } = track?.getSettings() ?? {};
  return height === undefined ? null : Math.min(width ?? height, height);
}
