import { describe, expect, it } from "vitest";

import { createSignalingAddresses, usableAddresses } from "./signalingAddresses";

const HTTPS = { protocol: "https:" };
const HTTP = { protocol: "http:" };
const OWN = "wss://calls.example/ws";

describe("what the server tells", () => {
  it.each([
    ["both kinds on a page without encryption", ["ws://a/ws", "wss://b/ws"], HTTP, ["ws://a/ws", "wss://b/ws"]],
    ["only encrypted ones on an encrypted page", ["ws://a/ws", "wss://b/ws"], HTTPS, ["wss://b/ws"]],
    ["nothing that is no WebSocket", ["https://a/ws", "javascript:alert(1)", "/ws", "", 7, null], HTTPS, []],
    ["nothing that a WebSocket refuses", ["wss://a/ws#x", "wss://u:p@a/ws"], HTTPS, []],
    ["nothing that is too long", [`wss://a/${"x".repeat(2_048)}`], HTTPS, []],
    ["each once", ["wss://a/ws", "wss://a/ws"], HTTPS, ["wss://a/ws"]],
    ["nothing, of an older server", undefined, HTTPS, []],
    ["nothing of what is no list", "wss://a/ws", HTTPS, []],
  ])("is used: %s", (_, urls, page, expected) => {
    expect(usableAddresses(urls, page)).toEqual(expected);
  });

  it("is bounded", () => {
    const many = Array.from({ length: 100 }, (_, index) => `wss://node-${index}/ws`);
    expect(usableAddresses(many, HTTPS)).toHaveLength(16);
  });
});

it("is the page's own origin until the server has told, and when it tells of none", () => {
  const addresses = createSignalingAddresses(OWN, HTTPS);
  expect(addresses.current()).toBe(OWN);
  expect(addresses.next()).toBe(true);
  addresses.configure([]);
  expect(addresses.current()).toBe(OWN);
});

it("goes round, and tells when all were tried", () => {
  const addresses = createSignalingAddresses(OWN, HTTPS);
  addresses.configure(["wss://a/ws", "wss://b/ws", "wss://c/ws"]);
  addresses.beginRound();
  const rounds = [1, 2, 3, 4].map(() => [addresses.next(), addresses.current()]);
  expect(rounds).toEqual([
    [false, "wss://b/ws"],
    [false, "wss://c/ws"],
    [true, "wss://a/ws"],
    [false, "wss://b/ws"],
  ]);
  // Where the round begins does not matter, only that it is a whole one.
  addresses.beginRound();
  expect([addresses.next(), addresses.next(), addresses.next()]).toEqual([false, false, true]);
});

it("stays at an address that is still told of, and says when it cannot", () => {
  const addresses = createSignalingAddresses(OWN, HTTPS);
  const moves: string[] = [];
  addresses.onMoved(() => moves.push(addresses.current()));
  addresses.configure(["wss://a/ws", "wss://b/ws"]);
  addresses.next();
  addresses.configure(["wss://c/ws", "wss://b/ws"]);
  expect(addresses.current()).toBe("wss://b/ws");
  addresses.configure(["wss://c/ws"]);
  expect(moves).toEqual(["wss://a/ws", "wss://c/ws"]);
});
