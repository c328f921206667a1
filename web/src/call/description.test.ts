import { expect, it } from "vitest";

import { readDescription } from "./description";

const WECALL = { connection: "c", peer: null, offer: "o", sends: { "0": "microphone" }, receives: {} };

it("reads what our client writes", () => {
  const description = { type: "offer", sdp: "v=0", wecall: WECALL };
  expect(readDescription(description)).toEqual(description);
});

it("reads a description of version 1", () => {
  expect(readDescription({ type: "answer", sdp: "v=0", other: 1 })).toEqual({ type: "answer", sdp: "v=0" });
});

it.each([null, 7, "offer", {}, { type: "offer" }, { type: "rollback", sdp: "" }, { type: "offer", sdp: 1 }])(
  "refuses %j",
  (value) => {
    expect(readDescription(value)).toBeNull();
  },
);

it("takes no slots that it does not know, and not too many", () => {
  const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`${index}`, "camera"]));
  const read = readDescription({
    type: "offer",
    sdp: "",
    wecall: { ...WECALL, sends: { a: "camera", b: "__proto__", c: 1 }, receives: many },
  });
  expect(read?.wecall?.sends).toEqual({ a: "camera" });
  expect(Object.keys(read?.wecall?.receives ?? {})).toHaveLength(32);
});

it("ignores an extension whose ids are not texts", () => {
  expect(readDescription({ type: "offer", sdp: "", wecall: { ...WECALL, connection: 1 } })).toEqual({
    type: "offer",
    sdp: "",
  });
});
