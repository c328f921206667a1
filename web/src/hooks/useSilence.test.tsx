import { act, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { useSilence } from "./useSilence";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function microphone() {
  const listeners = new Set<() => void>();
  let value = 0;
  return {
    level: {
      get: () => value,
      subscribe: (listener: () => void) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    hear: (next: number) => {
      value = next;
      for (const listener of listeners) listener();
    },
  };
}

test("is told after ten seconds without a sound, and over with the first one", () => {
  const { level, hear } = microphone();
  const { result } = renderHook(() => useSilence(level, true));
  act(() => vi.advanceTimersByTime(9_000));
  act(() => hear(0.2));
  act(() => vi.advanceTimersByTime(9_000));
  expect(result.current).toBe(false);
  act(() => vi.advanceTimersByTime(1_000));
  expect(result.current).toBe(true);
  act(() => hear(0.2));
  expect(result.current).toBe(false);
});

test("a microphone that is off is not silent", () => {
  const { level } = microphone();
  const { result, rerender } = renderHook(({ on }) => useSilence(level, on), { initialProps: { on: true } });
  act(() => vi.advanceTimersByTime(10_000));
  expect(result.current).toBe(true);
  rerender({ on: false });
  expect(result.current).toBe(false);
});
