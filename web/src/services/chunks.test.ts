import { expect, it, vi } from "vitest";
import { loadChunk, type LoadClock } from "./chunks";

function bench() {
  const waits: number[] = [];
  const clock: LoadClock = {
    after: (ms, task) => {
      waits.push(ms);
      task();
      return () => undefined;
    },
  };
  return { clock, waits };
}

it("asks once when that is enough", async () => {
  const { clock, waits } = bench();
  await expect(loadChunk(async () => "part", clock)).resolves.toBe("part");
  expect(waits).toEqual([]);
});

it("asks again, for the next server may have it", async () => {
  const { clock, waits } = bench();
  const load = vi.fn<() => Promise<string>>();
  load.mockRejectedValueOnce(new TypeError("404")).mockRejectedValueOnce(new TypeError("404"));
  load.mockResolvedValue("part");
  await expect(loadChunk(load, clock)).resolves.toBe("part");
  expect(waits).toEqual([300, 1_200]);
});

it("gives up with the last reason", async () => {
  const { clock, waits } = bench();
  let tries = 0;
  const load = async () => {
    tries += 1;
    throw new TypeError(`try ${tries}`);
  };
  await expect(loadChunk(load, clock)).rejects.toThrow("try 3");
  expect(waits).toHaveLength(2);
});
