/** From the start page through a call and out of it, without a pointer. */
import { t } from "../src/locales/later";
import { expect, test } from "./harness/fixtures";
import { allSeeEachOther } from "./harness/person";
import type { Person } from "./harness/person";

/** More stops than any page has before what one wants. */
const MOST_STOPS = 40;

test("a call is made, held and left with the keyboard alone", async ({ server, people }) => {
  const ada = await people.arrive("Ada");
  const { keyboard } = ada.page;
  await ada.page.goto(server.origin);
  await ada.button(t("home.start")).waitFor();
  await tabTo(ada, t("home.start"));
  await keyboard.press("Enter");

  // The field for the name has the focus already.
  await expect
    .poll(() => ada.page.evaluate(() => document.activeElement?.tagName))
    .toBe("INPUT");
  await keyboard.type("Ada");
  await keyboard.press("Enter");
  await ada.isInside();
  const grace = await people.arrive("Grace");
  await grace.join(ada.page.url());
  await allSeeEachOther([ada, grace]);
  const adaId = await ada.peerId();

  await keyboard.press("m");
  await grace.tileSays(adaId, "data-microphone", "off");
  await keyboard.press("v");
  await grace.tileSays(adaId, "data-camera", "off");
  await keyboard.press("h");
  await grace.isTold(t("notice.hand-raised", { name: "Ada" }));

  await keyboard.press("c");
  await expect
    .poll(() => ada.page.evaluate(() => document.activeElement?.tagName))
    .toBe("TEXTAREA");
  // Of these letters two are shortcuts, which must not work while one writes.
  await keyboard.type("have mercy");
  await keyboard.press("Enter");
  await grace.reads("have mercy");
  await grace.tileSays(adaId, "data-microphone", "off");
  await keyboard.press("Escape");
  await ada.page.getByLabel(t("chat.field")).waitFor({ state: "hidden" });

  await tabTo(ada, t("controls.leave"));
  await keyboard.press("Enter");
  await ada.heading(t("after.left.title")).waitFor();
  await grace.seesExactly([]);
});

/** Goes from stop to stop until the one with this name. */
async function tabTo(person: Person, name: string): Promise<void> {
  for (let stop = 0; stop < MOST_STOPS; stop += 1) {
    await person.page.keyboard.press("Tab");
    const focused = person.page.locator(":focus").and(person.button(name));
    if ((await focused.count()) > 0) return;
  }
  throw new Error(`“${name}” cannot be reached by keyboard`);
}
