import { act, cleanup, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ApiResult } from "../call";
import type { ValidRoom } from "../protocol/generated";
import { useRoomCheck } from "./useRoomCheck";

type Ask = (roomId: string, onBusy: () => void) => Promise<ApiResult<ValidRoom>>;

const { validateRoom } = vi.hoisted(() => ({ validateRoom: vi.fn<Ask>() }));
vi.mock("../call", () => ({ api: { validateRoom } }));

const READY: ApiResult<ValidRoom> = {
  ok: true,
  value: { valid: true, room_id: "ABCD2345", room_name: null, participant_count: 1 },
};
const UNREACHABLE: ApiResult<ValidRoom> = { ok: false, failure: { kind: "unreachable" } };

function refused(code: "room-full" | "room-locked" | "unavailable"): ApiResult<ValidRoom> {
  return { ok: false, failure: { kind: "refused", status: 403, code } };
}

beforeEach(() => {
  vi.useFakeTimers();
  validateRoom.mockReset();
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

async function check(asHost = false) {
  const hook = renderHook((host: boolean) => useRoomCheck("ABCD2345", host, true), {
    initialProps: asHost,
  });
  await act(() => vi.advanceTimersByTimeAsync(0));
  return hook;
}

test("goes on by itself while the server is away, until it answers", async () => {
  validateRoom.mockResolvedValueOnce(UNREACHABLE).mockResolvedValueOnce(UNREACHABLE).mockResolvedValue(READY);
  const { result } = await check();
  expect(result.current.check.kind).toBe("unreachable");
  // After the first and the second doubling, with all their jitter.
  await act(() => vi.advanceTimersByTimeAsync(1_250));
  expect(result.current.check.kind).toBe("unreachable");
  await act(() => vi.advanceTimersByTimeAsync(2_500));
  expect(result.current.check).toEqual({ kind: "ready", room: READY.ok ? READY.value : null });
  expect(validateRoom).toHaveBeenCalledTimes(3);
});

test("asks no more once one may join: in the call the room may well be full", async () => {
  validateRoom.mockResolvedValueOnce(READY).mockResolvedValue(refused("room-full"));
  const { result, rerender } = await check();
  act(() => window.dispatchEvent(new Event("online")));
  rerender(true);
  await act(() => vi.advanceTimersByTimeAsync(60_000));
  expect(result.current.check.kind).toBe("ready");
  expect(validateRoom).toHaveBeenCalledTimes(1);
});

test("looks again by itself whether a full room has a place", async () => {
  validateRoom.mockResolvedValueOnce(refused("room-full")).mockResolvedValue(READY);
  const { result } = await check();
  expect(result.current.check).toEqual({ kind: "refused", code: "room-full" });
  await act(() => vi.advanceTimersByTimeAsync(15_000));
  expect(result.current.check.kind).toBe("ready");
});

test("a lock is none for a host", async () => {
  validateRoom.mockResolvedValue(refused("room-locked"));
  const { result } = await check(true);
  expect(result.current.check).toEqual({ kind: "ready", room: null });
});

test("says that it waits while the server puts it off, and looks again by itself after that", async () => {
  let answer: (result: ApiResult<ValidRoom>) => void = () => {};
  validateRoom.mockImplementationOnce((_, onBusy) => {
    onBusy();
    return new Promise((resolve) => {
      answer = resolve;
    });
  });
  validateRoom.mockImplementationOnce((_, onBusy) => {
    onBusy();
    return Promise.resolve(READY);
  });
  const { result } = await check();
  expect(result.current.check).toEqual({ kind: "waiting" });
  await act(async () => answer(refused("unavailable")));
  expect(result.current.check).toEqual({ kind: "refused", code: "unavailable" });
  await act(() => vi.advanceTimersByTimeAsync(15_000));
  expect(result.current.check.kind).toBe("ready");
});
