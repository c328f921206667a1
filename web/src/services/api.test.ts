import { expect, it } from "vitest";

import { createApi } from "./api";

function answering(status: number, body: string): { api: ReturnType<typeof createApi>; asked: [string, RequestInit][] } {
  const asked: [string, RequestInit][] = [];
  const api = createApi("", async (url, init) => {
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
  const api = createApi("", () => Promise.reject(new TypeError("Failed to fetch")));
  expect(await api.config()).toEqual({ ok: false, failure: { kind: "unreachable" } });
});
