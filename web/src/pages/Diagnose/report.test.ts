import { expect, it } from "vitest";
import type { DiagnosisState } from "../../call/diagnosis";
import { reportText } from "./report";

it("has a line for each check, with its figure or its failure", () => {
  const skipped = { kind: "skipped" } as const;
  const state: DiagnosisState = {
    phase: "done",
    checks: {
      camera: { kind: "failed", failure: "busy" },
      microphone: { kind: "ok", measured: null },
      socket: { kind: "ok", measured: { kind: "milliseconds", value: 12 } },
      udp: { kind: "failed", failure: null },
      tcp: skipped,
      tls: skipped,
      relay: skipped,
      bandwidth: { kind: "ok", measured: { kind: "kbps", value: 900 } },
    },
  };
  const text = reportText(state, { origin: "https://calls.example", userAgent: "Browser/1", now: 0 });
  const lines = text.split("\n");
  expect(lines[0]).toContain("https://calls.example");
  expect(lines[1]).toBe("Browser/1");
  expect(text).toMatch(/failed +Camera: .*\(busy\)/);
  expect(text).toMatch(/ok +Connection to the server: 12 ms/);
  expect(text).toMatch(/ok +Bandwidth over the relay: 900 kbit\/s/);
  expect(text).toMatch(/failed +Media by UDP: Blocked/);
});
