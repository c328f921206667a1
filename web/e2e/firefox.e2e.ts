/** Chromium with Firefox, in both orders of joining: each negotiates as newcomer and as host. */
import type { Browser } from "puppeteer-core";

import { hearsEveryone, seesFramesOf } from "./harness/frames";
import { launchFirefox } from "./harness/firefox";
import { FirefoxPerson } from "./harness/firefox-person";
import { expect, test as base } from "./harness/fixtures";

const test = base.extend<{ firefox: Browser }>({
  firefox: [
    async ({}, use) => {
      const firefox = await launchFirefox();
      await use(firefox);
      await firefox.close();
    },
    { scope: "file" },
  ],
});

for (const first of ["Chromium", "Firefox"]) {
  test(`Chromium and Firefox see and hear each other, ${first} first`, async ({
    server,
    people,
    firefox,
  }) => {
    const { room_id } = await server.createRoom();
    const fox = await FirefoxPerson.arrive(await firefox.newPage(), "Grace");
    const ada = await people.arrive("Ada");
    const joins = [() => ada.join(server.link(room_id)), () => fox.join(server.link(room_id))];
    if (first === "Firefox") joins.reverse();
    for (const join of joins) await join();

    const foxId = await fox.peerId();
    await ada.seesExactly([foxId]);
    await ada.seesAndHears([foxId]);
    const adaId = await ada.peerId();
    await seesFramesOf(fox.page, [adaId]);
    await hearsEveryone(fox.page, 1);

    expect(await fox.complaints()).toEqual([]);
    await fox.page.close();
    // The page says goodbye as it goes.
    await ada.seesExactly([], 5_000);
  });
}
