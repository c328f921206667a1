import { describe, expect, it } from "vitest";

import { layerEncodings, type LayerContext } from "./layers";

function active(context: Partial<LayerContext>): string[] {
  const encodings = layerEncodings({ source: "camera", phone: false, lines: 720, needed: null, ...context });
  return encodings.filter((encoding) => encoding.active === true).map(({ rid }) => rid ?? "");
}

describe("layers of a picture", () => {
  it("are all sent until the media server says what it needs", () => {
    expect(active({})).toEqual(["q", "h", "f"]);
    expect(active({ needed: ["q"] })).toEqual(["q"]);
    expect(active({ needed: [] })).toEqual([]);
  });

  it.each([
    [180, ["q"]],
    [360, ["q", "h"]],
    [480, ["q", "h", "f"]],
  ])("of %d lines are those that differ", (lines, rids) => {
    expect(active({ lines })).toEqual(rids);
  });

  it("fall back to the largest there is", () => {
    expect(active({ lines: 180, needed: ["f"] })).toEqual(["q"]);
  });

  it("are scaled from what the camera gives", () => {
    const scales = (lines: number): (number | undefined)[] =>
      layerEncodings({ source: "camera", phone: false, lines, needed: null }).map(
        ({ scaleResolutionDownBy }) => scaleResolutionDownBy,
      );
    expect(scales(720)).toEqual([4, 2, 1]);
    expect(scales(360)).toEqual([2, 1, 1]);
  });

  it("are two on a phone, and two of a screen of any size", () => {
    expect(active({ phone: true })).toEqual(["q", "h"]);
    expect(active({ source: "screen", lines: 400 })).toEqual(["q", "f"]);
  });
});
