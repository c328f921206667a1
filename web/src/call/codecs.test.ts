import { expect, it } from "vitest";

import { preferredFirst, serverCodecs } from "./codecs";

const list = (...names: string[]): { mimeType: string }[] => names.map((mimeType) => ({ mimeType }));

it("puts RED before Opus, and both before the rest", () => {
  const codecs = list("audio/PCMU", "audio/opus", "audio/red", "audio/CN");
  expect(preferredFirst("audio", codecs)).toEqual(list("audio/red", "audio/opus", "audio/PCMU", "audio/CN"));
});

it("puts VP8 first and keeps all others", () => {
  const codecs = list("video/H264", "video/rtx", "video/VP8", "video/AV1");
  expect(preferredFirst("video", codecs)).toEqual(list("video/VP8", "video/H264", "video/rtx", "video/AV1"));
});

it("leaves the media server what it knows, and one profile of H.264", () => {
  const codecs = [
    { mimeType: "video/rtx" },
    { mimeType: "video/H264", sdpFmtpLine: "packetization-mode=0;profile-level-id=42e01f" },
    { mimeType: "video/H264", sdpFmtpLine: "packetization-mode=1;profile-level-id=42e01f" },
    { mimeType: "video/H264", sdpFmtpLine: "packetization-mode=1;profile-level-id=64001f" },
    { mimeType: "video/AV1" },
    { mimeType: "video/VP8" },
  ];
  expect(serverCodecs("video", codecs)).toEqual([codecs[5], codecs[2], codecs[0]]);
  expect(serverCodecs("audio", list("audio/PCMU", "audio/opus"))).toEqual(list("audio/opus"));
});
