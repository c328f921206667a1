import { expect, it } from "vitest";

import { pendingOf, withMessage, withPending, withStatus } from "./chatLog";
import type { ChatEntry } from "./model";

const SENT_AT = "2026-01-01T12:00:00Z";

function message(id: number, text: string, ref?: string, peerId = "me") {
  return { id, peer_id: peerId, user_name: "Ada", text, sent_at: SENT_AT, ...(ref === undefined ? {} : { ref }) };
}

function pending(log: readonly ChatEntry[], key: string): readonly ChatEntry[] {
  return withPending(log, { key, peerId: "me", name: "Ada", text: key, sentAt: 0 });
}

it("confirms one's own message in its place among the others", () => {
  let log = pending(pending([], "first"), "second");
  log = withMessage(log, message(1, "hello", undefined, "bob"), "me");
  log = withMessage(log, message(2, "first", "first"), "me");
  expect(log.map(({ text, status }) => [text, status])).toEqual([
    ["hello", "sent"],
    ["first", "sent"],
    ["second", "sending"],
  ]);
  expect(pendingOf(log).map(({ key }) => key)).toEqual(["second"]);
});

it("shows a message that comes twice once", () => {
  const once = withMessage([], message(1, "hello", undefined, "bob"), "me");
  expect(withMessage(once, message(1, "hello", undefined, "bob"), "me")).toBe(once);
});

it("does not take another's reference for one's own", () => {
  const log = withMessage(pending([], "ref"), message(1, "hello", "ref", "bob"), "me");
  expect(log.map(({ status }) => status)).toEqual(["sent", "sending"]);
});

it("marks one as refused, which can be sent again", () => {
  const log = withStatus(pending(pending([], "first"), "second"), "first", { refused: "rate-limited" });
  expect(log.map(({ status }) => status)).toEqual([{ refused: "rate-limited" }, "sending"]);
  expect(withStatus(log, "first", "sending")[0]?.status).toBe("sending");
});

it("keeps the last 500", () => {
  let log: readonly ChatEntry[] = [];
  for (let id = 0; id < 510; id += 1) {
    log = withMessage(log, message(id, `${id}`, undefined, "bob"), "me");
  }
  expect(log).toHaveLength(500);
  expect(log.at(-1)?.text).toBe("509");
});
