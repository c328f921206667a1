import { expect, it } from "vitest";

import { portsIn } from "./mediaPorts";

it("reads each port once, by transport", () => {
  const sdp = [
    "v=0",
    "a=candidate:1 1 udp 2130706175 192.0.2.5 7882 typ host",
    "a=candidate:2 1 udp 2130706175 2001:db8::5 7882 typ host",
    "a=candidate:3 1 tcp 1675624191 192.0.2.5 7883 typ host tcptype passive",
    "a=end-of-candidates",
  ].join("\r\n");
  expect(portsIn(sdp)).toEqual({ udp: [7882], tcp: [7883] });
});

it("finds none where there are none", () => {
  expect(portsIn("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n")).toEqual({ udp: [], tcp: [] });
});
