/** The page that tells beforehand whether a call will work. */
import { t } from "../src/locales/later";
import { expect, People, test } from "./harness/fixtures";
import { portray } from "./harness/screenshots";
import { Server } from "./harness/server";
import { eventually } from "./harness/waiting";

/** Several checks wait for seconds, one after the other. */
const DONE_MS = 40_000;

test("everything is tried, and told", async ({ browser }) => {
  const server = await Server.start({ env: { WECALL_TURN__LISTEN: "0.0.0.0:0" } });
  const people = new People(server, browser);
  const { page } = await people.arrive("Ada");
  await page.goto(`${server.origin}/diagnose`);
  await page.getByRole("button", { name: t("diagnose.start") }).waitFor();
  await portray(page, "diagnose before");
  await page.getByRole("button", { name: t("diagnose.start") }).click();
  await eventually(
    "the diagnosis is done",
    () => page.getByRole("button", { name: t("diagnose.again") }).isEnabled(),
    { deadlineMs: DONE_MS, describe: () => page.locator("main").innerText() },
  );
  const state = (check: string) =>
    page.locator(`[data-check="${check}"]`).getAttribute("data-state");
  for (const check of ["camera", "microphone", "socket", "udp", "tcp", "relay", "bandwidth"]) {
    expect([check, await state(check)]).toEqual([check, "ok"]);
  }
  // Plain HTTP on localhost: there is no certificate for TLS.
  expect(await state("tls")).toBe("skipped");
  const report = await page.getByLabel(t("diagnose.report")).inputValue();
  expect(report).toContain(server.origin);
  expect(report).toContain(t("diagnose.check.bandwidth"));
  console.log(report);
  await portray(page, "diagnose done");
  await people.dispose();
  await server.dispose();
});
