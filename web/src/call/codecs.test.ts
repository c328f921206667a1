import { expect, it } from "vitest";

import { preferredFirst } from "./codecs";

const list = (...names: string[]): { mimeType: string }[] => names.map((mimeType) => ({ mimeType }));

it("puts RED before Opus, and both before the rest", () => {
  const codecs = list("audio/PCMU", "audio/opus", "audio/red", "audio/CN");
  expect(preferredFirst("audio", codecs)).toEqual(list("audio/red", "audio/opus", "audio/PCMU", "audio/CN"));
});

it("puts VP8 first and keeps all others", () => {
  const codecs = list("video/H264", "video/rtx", "video/VP8", "video/AV1");
  expect(preferredFirst("video", codecs)).toEqual(list("video/VP8", "video/H264", "video/rtx", "video/AV1"));
});
