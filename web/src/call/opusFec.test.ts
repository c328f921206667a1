import { expect, it } from "vitest";

import { withOpusFec } from "./opusFec";

function sdp(...lines: string[]): string {
  return ["m=audio 9 UDP/TLS/RTP/SAVPF 111 63", "a=rtpmap:63 red/48000/2", ...lines, ""].join("\r\n");
}

it("leaves what Chromium and Firefox write as it is", () => {
  const chromium = sdp("a=rtpmap:111 opus/48000/2", "a=fmtp:111 minptime=10;useinbandfec=1");
  expect(withOpusFec(chromium)).toBe(chromium);
});

it("adds the parameter to a list without it", () => {
  expect(withOpusFec(sdp("a=rtpmap:111 opus/48000/2", "a=fmtp:111 minptime=10"))).toContain(
    "a=fmtp:111 minptime=10;useinbandfec=1\r\n",
  );
});

it("corrects it where it is off", () => {
  expect(withOpusFec(sdp("a=rtpmap:111 opus/48000/2", "a=fmtp:111 useinbandfec=0;stereo=1"))).toContain(
    "a=fmtp:111 stereo=1;useinbandfec=1\r\n",
  );
});

it("adds the line where there is none", () => {
  expect(withOpusFec(sdp("a=rtpmap:111 opus/48000/2"))).toContain(
    "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\n",
  );
});

it("touches no other codec", () => {
  const text = sdp("a=fmtp:63 111/111", "a=rtpmap:96 VP8/90000");
  expect(withOpusFec(text)).toBe(text);
});
