import { expect, it } from "vitest";

import { compactOffer } from "./serverOffer";

it("leaves out extensions and feedback that the media server does not know, and nothing else", () => {
  const kept = [
    "m=video 9 UDP/TLS/RTP/SAVPF 96",
    "a=extmap-allow-mixed",
    "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
    "a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    "a=extmap:13 urn:3gpp:video-orientation",
    "a=rtcp-mux",
    "a=rtcp-fb:96 transport-cc",
    "a=rtcp-fb:96 nack pli",
  ];
  const dropped = [
    "a=rtcp:9 IN IP4 0.0.0.0",
    "a=rtcp-xr:rcvr-rtt=all",
    "a=rtcp-fb:96 goog-remb",
    "a=extmap:14 urn:ietf:params:rtp-hdrext:toffset",
    "a=extmap:8 http://www.webrtc.org/experiments/rtp-hdrext/color-space",
  ];
  const lines = (all: string[]): string => all.map((line) => `${line}\r\n`).join("");
  expect(compactOffer(lines([...kept.slice(0, 4), ...dropped, ...kept.slice(4)]))).toBe(lines(kept));
});
