import { beforeEach, expect, test, vi } from "vitest";
import { markInCall } from "./rejoin";
import { reloadOnce } from "./reloadOnce";

const NOW = 1_700_000_000_000;

beforeEach(() => sessionStorage.clear());

test("reloads once, and not again for the same reason", () => {
  const reload = vi.fn<() => void>();
  expect(reloadOnce(NOW, reload)).toBe(true);
  expect(reloadOnce(NOW + 59_999, reload)).toBe(false);
  expect(reload).toHaveBeenCalledTimes(1);
  expect(reloadOnce(NOW + 60_000, reload)).toBe(true);
});

test("a call is never interrupted", () => {
  markInCall({ roomId: "ABCD2345", microphone: true, camera: true });
  const reload = vi.fn<() => void>();
  expect(reloadOnce(NOW, reload)).toBe(false);
  expect(reload).not.toHaveBeenCalled();
});

test("where nothing is remembered, nothing is reloaded", () => {
  const full = {
    getItem: () => null,
    setItem: () => {
      throw new DOMException("full", "QuotaExceededError");
    },
  };
  vi.spyOn(window, "sessionStorage", "get").mockReturnValue(full as unknown as Storage);
  expect(reloadOnce(NOW, () => undefined)).toBe(false);
});
