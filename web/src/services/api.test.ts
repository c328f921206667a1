import { describe, expect, it, vi } from "vitest";

import { createApi, type ApiEnvironment } from "./api";
import type { Clock } from "./clock";

/** Each wait is over at once, and takes as long as it was to. */
function impatientClock(): Clock & { waits: number[] } {
  let now = 0;
  const waits: number[] = [];
  return {
    waits,
    now: () => now,
    wallTime: () => now,
    after: (ms, task) => {
      waits.push(ms);
      now += ms;
      task();
      return () => {};
    },
  };
}

function apiOver(fetchImpl: typeof fetch, clock: Clock = impatientClock()): ReturnType<typeof createApi> {
  const environment: ApiEnvironment = { fetch: fetchImpl, clock, random: () => 0 };
  return createApi("", environment);
}

function answering(status: number, body: string): { api: ReturnType<typeof createApi>; asked: [string, RequestInit][] } {
  const asked: [string, RequestInit][] = [];
  const api = apiOver(async (url, init) => {
    asked.push([String(url), init ?? {}]);
    return new Response(body, { status });
  });
  return { api, asked };
}

it("gives the answer", async () => {
  const { api, asked } = answering(200, '{"room_id":"ABCD2345"}');
  expect(await api.createRoom({ room_name: "Tea" })).toEqual({ ok: true, value: { room_id: "ABCD2345" } });
  expect(asked[0]?.[0]).toBe("/api/rooms");
  expect(asked[0]?.[1]).toMatchObject({ method: "POST", body: '{"room_name":"Tea"}' });
});

it("asks for the room that was typed, whatever it is", async () => {
  const { api, asked } = answering(200, "{}");
  await api.validateRoom("../a b");
  expect(asked[0]?.[0]).toBe("/api/rooms/..%2Fa%20b/validate");
  expect(asked[0]?.[1].body).toBeNull();
});

it("tells why it was refused", async () => {
  const { api } = answering(403, '{"valid":false,"message":"Full.","code":"room-full"}');
  expect(await api.validateRoom("ABCD2345")).toEqual({
    ok: false,
    failure: { kind: "refused", status: 403, code: "room-full" },
  });
});

it("knows no reason where none is given", async () => {
  const { api } = answering(404, '"gone"');
  expect(await api.room("ABCD2345")).toMatchObject({ failure: { kind: "refused", status: 404, code: null } });
});

it.each([
  [502, '{"error":"bad gateway"}'],
  [200, "<html>captive portal</html>"],
])("takes status %i with %j for no answer", async (status, body) => {
  expect(await answering(status, body).api.config()).toEqual({ ok: false, failure: { kind: "unreachable" } });
});

it("does not throw without a network", async () => {
  const api = apiOver(() => Promise.reject(new TypeError("Failed to fetch")));
  expect(await api.config()).toEqual({ ok: false, failure: { kind: "unreachable" } });
});

describe("a server that puts it off", () => {
  /** Answers these, and the last of them from then on. */
  function answers(...all: [status: number, body: object, retryAfter?: string][]) {
    const clock = impatientClock();
    const asked: string[] = [];
    const api = apiOver(async (url, init) => {
      asked.push(`${init?.method} ${String(url)}`);
      const [status, body, retryAfter] = all[Math.min(asked.length, all.length) - 1] ?? [500, {}];
      const headers: Record<string, string> = retryAfter === undefined ? {} : { "retry-after": retryAfter };
      return new Response(JSON.stringify(body), { status, headers });
    }, clock);
    return { api, asked, waits: clock.waits };
  }

  const BUSY: [number, object, string] = [503, { code: "unavailable" }, "5"];

  it("is asked again when it said so, and meanwhile that is told", async () => {
    const { api, asked, waits } = answers(BUSY, BUSY, [201, { room_id: "ABCD2345" }]);
    const onBusy = vi.fn<() => void>();
    expect(await api.createRoom({}, onBusy)).toEqual({ ok: true, value: { room_id: "ABCD2345" } });
    expect(asked).toEqual(Array(3).fill("POST /api/rooms"));
    expect(waits).toEqual([5_000, 5_000]);
    expect(onBusy).toHaveBeenCalledTimes(2);
  });

  it("is asked for a quarter of a minute, and then that is the answer", async () => {
    const { api, asked, waits } = answers(BUSY);
    expect(await api.validateRoom("ABCD2345")).toEqual({
      ok: false,
      failure: { kind: "refused", status: 503, code: "unavailable" },
    });
    expect(asked).toHaveLength(4);
    expect(waits.reduce((sum, wait) => sum + wait, 0)).toBeLessThanOrEqual(15_000);
  });

  it("is not asked twice to create when nobody says that nothing was created", async () => {
    for (const answer of [[503, {}], [502, {}, "1"], [500, {}, "1"], [429, {}, "1"]] as const) {
      const { api, asked } = answers([...answer]);
      expect((await api.createRoom({})).ok).toBe(false);
      expect(asked).toHaveLength(1);
    }
  });

  it("is asked again for its configuration", async () => {
    const { api } = answers(BUSY, [200, { ice_servers: [] }]);
    expect(await api.config()).toMatchObject({ ok: true });
  });
});

it("shows the host's token where only a host may ask", async () => {
  const { api, asked } = answering(200, '{"token":"t"}');
  await api.createToken("ABCD2345", "secret", { kind: "publish" });
  expect(asked[0]?.[0]).toBe("/api/rooms/ABCD2345/tokens");
  expect(asked[0]?.[1].headers).toMatchObject({ authorization: "Bearer secret" });
});
