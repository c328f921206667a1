import { expect, it, vi } from "vitest";
import { createLazyParts } from "./lazyParts";
import { fakeClock } from "./testing/fakeClock";

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

it("is there after it was wanted, and loaded once", async () => {
  const load = vi.fn<() => Promise<string>>(async () => "parts");
  const parts = createLazyParts(load, { clock: fakeClock(), report: () => {} });
  const then = vi.fn<() => void>();
  parts.want(then);
  parts.want(then);
  parts.want();
  expect(parts.current()).toBeNull();
  await settled();
  expect(parts.current()).toBe("parts");
  expect(then).toHaveBeenCalledOnce();
  parts.want(then);
  expect(load).toHaveBeenCalledOnce();
});

it("is loaded again while the server is away", async () => {
  const clock = fakeClock();
  const report = vi.fn<() => void>();
  const load = vi.fn<() => Promise<string>>().mockRejectedValueOnce(new Error("away")).mockResolvedValue("parts");
  const parts = createLazyParts(load, { clock, report });
  const then = vi.fn<() => void>();
  parts.want(then);
  await settled();
  expect(report).toHaveBeenCalledOnce();
  clock.advance(10_000);
  await settled();
  expect(then).toHaveBeenCalledOnce();
  expect(parts.current()).toBe("parts");
});
