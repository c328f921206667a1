import { expect, it } from "vitest";

import type { Api } from "./api";
import { createWebRtc } from "./webrtc";

class FakeConnection extends EventTarget {
  signalingState = "stable";
  iceConnectionState = "connected";
  constructor(public configuration: RTCConfiguration) {
    super();
  }
  getConfiguration(): RTCConfiguration {
    return this.configuration;
  }
  setConfiguration(next: RTCConfiguration): void {
    this.configuration = next;
  }
}

const SERVERS = [{ urls: ["turn:turn.example"], username: "u", credential: "c" }];

function bench() {
  let now = 0;
  let asked = 0;
  const api: Pick<Api, "config"> = {
    config: async () => {
      asked += 1;
      return { ok: true, value: { ice_servers: SERVERS, ice_ttl_ms: 1, max_participants: 4, version: "0", signaling_urls: [] } };
    },
  };
  const webrtc = createWebRtc(api, () => now, FakeConnection as unknown as typeof RTCPeerConnection);
  return {
    webrtc,
    asked: () => asked,
    pass: (ms: number) => {
      now += ms;
    },
  };
}

it("makes connections with the servers that it knows", async () => {
  const { webrtc, asked } = bench();
  await Promise.all([webrtc.prepare(), webrtc.prepare()]);
  expect(asked()).toBe(1);
  expect(webrtc.createConnection().getConfiguration().iceServers).toEqual(SERVERS);
});

it("does not wait for them, and gives them to the connection when they come", async () => {
  const { webrtc } = bench();
  const connection = webrtc.createConnection();
  expect(connection.getConfiguration().iceServers).toEqual([]);
  await webrtc.prepare();
  await Promise.resolve();
  expect(connection.getConfiguration()).toEqual({ iceServers: SERVERS, bundlePolicy: "max-bundle" });
});

it("asks again before credentials expire", async () => {
  const { webrtc, asked, pass } = bench();
  await webrtc.prepare();
  pass(9 * 60_000);
  await webrtc.prepare();
  expect(asked()).toBe(1);
  pass(60_000);
  await webrtc.prepare();
  expect(asked()).toBe(2);
});

it("renews the credentials of a connection that is about to restart", async () => {
  const { webrtc, asked, pass } = bench();
  await webrtc.prepare();
  const connection = webrtc.createConnection() as unknown as FakeConnection;
  connection.configuration = { iceServers: [] };
  pass(12 * 60 * 60_000);
  connection.iceConnectionState = "disconnected";
  connection.dispatchEvent(new Event("iceconnectionstatechange"));
  await webrtc.prepare();
  expect(asked()).toBe(2);
  expect(connection.configuration.iceServers).toEqual(SERVERS);
});

it("leaves closed connections alone", async () => {
  const { webrtc, pass } = bench();
  await webrtc.prepare();
  const connection = webrtc.createConnection() as unknown as FakeConnection;
  connection.configuration = {};
  connection.signalingState = "closed";
  pass(12 * 60 * 60_000);
  await webrtc.prepare();
  expect(connection.configuration).toEqual({});
});
