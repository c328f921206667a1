import { beforeEach, describe, expect, test } from "vitest";
import { forgetHostToken, hostLink, hostTokenFor, hostTokenInFragment, keepHostToken } from "./hostTokens";
import { nameProblem } from "./rememberedName";
import { inCallMark, markInCall } from "./rejoin";
import { normaliseCode, readInvitation } from "./roomCode";
import { retryDelay } from "./useRoomCheck";

beforeEach(() => {
  localStorage.clear();
  sessionStorage.clear();
});

describe("readInvitation", () => {
  test.each([
    ["abcd2345", "ABCD2345", null],
    [" ABCD 2345 ", "ABCD2345", null],
    ["ABCD-2345", "ABCD2345", null],
    ["https://calls.example.org/r/abcd2345", "ABCD2345", null],
    ["https://calls.example.org/r/ABCD2345/", "ABCD2345", null],
    ["calls.example.org/r/ABCD2345", "ABCD2345", null],
    ["http://127.0.0.1:8000/r/ABCD2345?x=1#host=a-b_c", "ABCD2345", "a-b_c"],
  ])("%s", (typed, roomId, hostToken) => {
    expect(readInvitation(typed)).toEqual({ roomId, hostToken });
  });

  test.each(["", "ABC", "ABCD23456", "ÄBCD2345", "https://example.org/", "https://example.org/r/ABC"])(
    "%j is none",
    (typed) => {
      expect(readInvitation(typed)).toBeNull();
    },
  );
});

test("a code has one spelling", () => {
  expect(normaliseCode("abcd 2345")).toBe("ABCD2345");
  expect(normaliseCode("ABCD234!")).toBeNull();
});

describe("host tokens", () => {
  test("are kept by room, and forgotten one by one", () => {
    keepHostToken("AAAA2222", "one");
    keepHostToken("BBBB2222", "two");
    keepHostToken("AAAA2222", "three");
    expect(hostTokenFor("AAAA2222")).toBe("three");
    forgetHostToken("AAAA2222");
    expect([hostTokenFor("AAAA2222"), hostTokenFor("BBBB2222")]).toEqual([null, "two"]);
  });

  test("are at most 50", () => {
    for (let index = 0; index < 60; index += 1) keepHostToken(`ROOM${1000 + index}`, "token");
    expect(hostTokenFor("ROOM1009")).toBeNull();
    expect(hostTokenFor("ROOM1010")).toBe("token");
  });

  test("survive what something else wrote in their place", () => {
    localStorage.setItem("wecall.host-tokens", "{not json");
    expect(hostTokenFor("AAAA2222")).toBeNull();
    keepHostToken("AAAA2222", "one");
    expect(hostTokenFor("AAAA2222")).toBe("one");
  });

  test("come back out of their link", () => {
    const link = hostLink("https://calls.example.org", "ABCD2345", "tok-en_1");
    expect(hostTokenInFragment(new URL(link).hash)).toBe("tok-en_1");
    expect(hostTokenInFragment("#host=")).toBeNull();
    expect(hostTokenInFragment(`#host=${"x".repeat(600)}`)).toBeNull();
    expect(hostTokenInFragment("#content")).toBeNull();
  });
});

test.each([
  ["", "empty"],
  ["   ", "empty"],
  ["Ada", null],
  ["🙂".repeat(64), null],
  ["a".repeat(65), "too-long"],
])("the name %j is %s", (name, problem) => {
  expect(nameProblem(name)).toBe(problem);
});

test("a tab knows the call that it was in, with its devices", () => {
  markInCall({ roomId: "ABCD2345", microphone: true, camera: false });
  expect(inCallMark("ABCD2345")).toEqual({ roomId: "ABCD2345", microphone: true, camera: false });
  expect(inCallMark("ZZZZ2345")).toBeNull();
  markInCall(null);
  expect(inCallMark("ABCD2345")).toBeNull();
});

test("tries come further apart, up to a bound, and never all at once", () => {
  expect(retryDelay(0, 0.5)).toBe(1_000);
  expect(retryDelay(2, 0.5)).toBe(4_000);
  expect(retryDelay(20, 0.5)).toBe(15_000);
  expect(retryDelay(0, 0)).toBe(750);
  expect(retryDelay(0, 1)).toBe(1_250);
});
