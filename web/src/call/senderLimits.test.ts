import { expect, it } from "vitest";

import { captureConstraints, scaleDown, senderLimit } from "./senderLimits";

const TWO = { participants: 2, sharingScreen: false, phone: false };

it("sends less of the camera with each participant", () => {
  const limits = [2, 3, 4, 5].map((participants) => senderLimit("camera", { ...TWO, participants }));
  expect(limits.map(({ maxHeight }) => maxHeight)).toEqual([720, 480, 360, 180]);
  // What a laptop uploads in all stays about the same.
  const uploads = limits.map(({ maxBitrate }, index) => maxBitrate * (index + 1));
  expect(Math.max(...uploads)).toBeLessThan(1_800_000);
});

it("sends a small face beside a shared screen, and the screen sharp", () => {
  const sharing = { ...TWO, sharingScreen: true };
  expect(senderLimit("camera", sharing).maxHeight).toBe(180);
  expect(senderLimit("screen", sharing)).toMatchObject({ degradation: "maintain-resolution" });
  expect(senderLimit("screen", sharing).maxHeight).toBeUndefined();
});

it("spares phones", () => {
  const phone = senderLimit("camera", { ...TWO, phone: true });
  expect(phone).toMatchObject({ maxHeight: 480, maxBitrate: 1_020_000 });
});

it("scales by the short side, and never up", () => {
  const limit = senderLimit("camera", { ...TWO, participants: 4 });
  expect(scaleDown(limit, 1280, 720)).toBe(2);
  expect(scaleDown(limit, 720, 1280)).toBe(2);
  expect(scaleDown(limit, 320, 180)).toBe(1);
  expect(scaleDown(limit, undefined, undefined)).toBe(1);
});

it("asks the camera for no more than is sent", () => {
  expect(captureConstraints(2).height).toEqual({ ideal: 720 });
  expect(captureConstraints(4).height).toEqual({ ideal: 360 });
});
