/**
 * Networks that let no UDP through: the call goes over TURN by TCP, and by TLS where that is all there
 * is. Each person has a network namespace, so this needs root on Linux.
 */
import { expect } from "vitest";

import { t } from "../src/locales/later";
import { People } from "./harness/fixtures";
import { pathsOnceConnected } from "./harness/paths";
import { allSeeAndHearEachOther } from "./harness/person";
import { testWithPlace } from "./harness/place";
import { eventually } from "./harness/waiting";

const test = testWithPlace(() => [], { env: { WECALL_TURN__LISTEN: "0.0.0.0:0" } });

test("without UDP on either side the call goes over TURN by TCP", async ({ place }) => {
  for (const host of place.hosts) host.allowOnlyTcp();
  const people = new People(place.server, place.browsers[0]);
  const { room_id } = await place.server.createRoom();
  const ada = await people.join("Ada", room_id);
  const grace = await people.join("Grace", room_id, { browser: place.browsers[1] });
  await allSeeAndHearEachOther([ada, grace]);
  const [path] = await pathsOnceConnected(ada.page, 1);
  expect(path).toMatchObject({ local: "relay", relayProtocol: "tcp" });
  await people.dispose();
});

test("the diagnosis names UDP as what is blocked", async ({ place }) => {
  const people = new People(place.server, place.browsers[0]);
  const { page } = await people.arrive("Ada");
  await page.goto(`${place.server.origin}/diagnose`);
  await page.getByRole("button", { name: t("diagnose.start") }).click();
  await eventually(
    "the diagnosis is done",
    () => page.getByRole("button", { name: t("diagnose.again") }).isEnabled(),
    { deadlineMs: 60_000, describe: () => page.locator("main").innerText() },
  );
  for (const [check, state] of [
    ["udp", "failed"],
    ["tcp", "ok"],
    ["relay", "ok"],
    ["bandwidth", "ok"],
  ] as const) {
    const row = page.locator(`[data-check="${check}"]`);
    expect([check, await row.getAttribute("data-state")]).toEqual([check, state]);
  }
  await people.dispose();
});
