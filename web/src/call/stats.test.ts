import { expect, it } from "vitest";

import { readStats } from "./stats";

const ENTRIES = [
  { id: "T", type: "transport", selectedCandidatePairId: "P" },
  { id: "P", type: "candidate-pair", currentRoundTripTime: 0.0214, localCandidateId: "L" },
  { id: "L", type: "local-candidate", candidateType: "relay" },
  { id: "O", type: "outbound-rtp", kind: "video", bytesSent: 200_000 },
  { id: "A", type: "inbound-rtp", kind: "audio", bytesReceived: 8_000, packetsReceived: 90, packetsLost: 10 },
  {
    id: "V",
    type: "inbound-rtp",
    kind: "video",
    bytesReceived: 92_000,
    packetsReceived: 100,
    packetsLost: 0,
    frameWidth: 640,
    frameHeight: 360,
    framesPerSecond: 24,
  },
];

it("reads path, picture and totals", () => {
  const { stats, totals } = readStats(ENTRIES, 5_000, null);
  expect(stats).toEqual({
    roundTripMs: 21,
    path: "relay",
    sendKbps: 0,
    receiveKbps: 0,
    packetLoss: 10 / 200,
    framesPerSecond: 24,
    frameWidth: 640,
    frameHeight: 360,
  });
  expect(totals).toMatchObject({ bytesSent: 200_000, bytesReceived: 100_000 });
});

it("counts rates and loss since the sample before", () => {
  const before = { at: 4_000, bytesSent: 100_000, bytesReceived: 50_000, packetsReceived: 100, packetsLost: 10 };
  const { stats } = readStats(ENTRIES, 5_000, before);
  expect(stats).toMatchObject({ sendKbps: 800, receiveKbps: 400, packetLoss: 0 });
});

it("survives a connection that began anew", () => {
  const before = { at: 4_000, bytesSent: 9e9, bytesReceived: 9e9, packetsReceived: 9e9, packetsLost: 9e9 };
  expect(readStats(ENTRIES, 5_000, before).stats).toMatchObject({ sendKbps: 0, receiveKbps: 0, packetLoss: 0 });
});

it("finds the pair of a browser without transports", () => {
  const firefox = [{ id: "P", type: "candidate-pair", selected: true, currentRoundTripTime: 0.001 }];
  expect(readStats(firefox, 0, null).stats).toMatchObject({ roundTripMs: 1, path: null, framesPerSecond: null });
});
