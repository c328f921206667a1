import { expect, test, vi } from "vitest";
import { callState, person } from "../gallery/fakes";
import { preflightOf } from "./preflight";

vi.mock("../gallery/pictures", () => ({ figureStream: () => null, pageStream: () => null }));

const ada = person(0, { reach: "udp" });
const asGuest = (call: ReturnType<typeof callState>) =>
  call.self === null ? call : { ...call, self: { ...call.self, role: "participant" as const } };

test("a host is told when everyone reaches the media server", () => {
  const call = callState([ada, person(1, { reach: "tcp" })], { selfReach: "udp" });
  expect(preflightOf(call)).toEqual({
    kind: "ready",
    findings: [{ peerId: "peer-1", name: "Grace Hopper", self: false, way: "tcp" }],
  });
  expect(preflightOf(asGuest(call))).toEqual({ kind: "none" });
});

test("nothing is said before everyone has tried", () => {
  expect(preflightOf(callState([ada, person(1)], { selfReach: "udp" })).kind).toBe("none");
  expect(preflightOf(callState([ada])).kind).toBe("none");
  expect(preflightOf(callState([], { selfReach: "udp" })).kind).toBe("none");
});

test("a host is told who cannot reach it, at once and first", () => {
  const people = [person(0, { reach: "relay" }), person(1, { reach: "nothing" }), person(2)];
  const { kind, findings } = { findings: [], ...preflightOf(callState(people, { selfReach: "udp" })) };
  expect(kind).toBe("trouble");
  expect(findings).toMatchObject([{ peerId: "peer-1", way: "nothing" }, { peerId: "peer-0", way: "relay" }]);
});

test("whoever is no host hears of their own trouble only", () => {
  const call = asGuest(callState([person(0, { reach: "nothing" })], { selfReach: "nothing" }));
  const found = preflightOf(call);
  expect(found).toMatchObject({ kind: "trouble", findings: [{ self: true, way: "nothing" }] });
  expect(preflightOf({ ...call, selfReach: "udp" }).kind).toBe("none");
});

test("there is nothing to prepare without a media server, nor once the room goes over it", () => {
  const trouble = callState([person(0, { reach: "nothing" })], { selfReach: "udp" });
  expect(preflightOf({ ...trouble, mediaFrom: null }).kind).toBe("none");
  expect(preflightOf({ ...trouble, topology: "sfu" }).kind).toBe("none");
});

test("who only sends is not counted", () => {
  const call = callState([ada, person(1, { publisher: true })], { selfReach: "udp" });
  expect(preflightOf(call)).toEqual({ kind: "ready", findings: [] });
});
