import { expect, it } from "vitest";

import { createOutbox } from "./outbox";

it("answers what came after the received ones", () => {
  const outbox = createOutbox();
  ["a", "b", "c"].forEach(outbox.push);
  expect(outbox.after(1)).toEqual(["b", "c"]);
  expect(outbox.after(3)).toEqual([]);
});

it("keeps counting after messages were confirmed", () => {
  const outbox = createOutbox();
  ["a", "b"].forEach(outbox.push);
  outbox.after(2);
  outbox.push("c");
  expect(outbox.after(2)).toEqual(["c"]);
});

it("says so when a message is not kept any more", () => {
  const outbox = createOutbox();
  for (let count = 0; count < 130; count += 1) {
    outbox.push(`${count}`);
  }
  expect(outbox.after(1)).toBeNull();
  expect(outbox.after(2)).toHaveLength(128);
});

it("is bounded in bytes too", () => {
  const outbox = createOutbox();
  for (let count = 0; count < 10; count += 1) {
    outbox.push("x".repeat(40_000));
  }
  expect(outbox.after(3)).toBeNull();
  expect(outbox.after(4)).toHaveLength(6);
});

it("knows no server that has received more than was sent", () => {
  expect(createOutbox().after(1)).toBeNull();
});
