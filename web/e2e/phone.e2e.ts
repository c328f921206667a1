/** A call of two on a window as large as a phone's: everything within reach of a thumb. */
import { t } from "../src/locales/later";
import { expect, test } from "./harness/fixtures";
import { allSeeAndHearEachOther } from "./harness/person";
import { SIZES } from "./harness/screenshots";

/** WCAG 2.2, success criterion 2.5.8, asks for 24; thumbs ask for more. */
const SMALLEST_TARGET_PX = 40;

test("a call works in a phone-sized window", async ({ server, people }) => {
  const { room_id } = await server.createRoom();
  const phone = { viewport: SIZES.phone, hasTouch: true, isMobile: true };
  const ada = await people.join("Ada", room_id, { context: phone });
  const grace = await people.join("Grace", room_id);
  await allSeeAndHearEachOther([ada, grace]);

  for (const control of [t("controls.microphone"), t("controls.camera"), t("controls.leave")]) {
    const box = await ada.button(control).boundingBox();
    expect(box, control).not.toBeNull();
    expect(Math.min(box?.width ?? 0, box?.height ?? 0), control).toBeGreaterThanOrEqual(
      SMALLEST_TARGET_PX,
    );
    expect((box?.x ?? 0) + (box?.width ?? 0), control).toBeLessThanOrEqual(SIZES.phone.width);
    expect((box?.y ?? 0) + (box?.height ?? 0), control).toBeLessThanOrEqual(SIZES.phone.height);
  }
  expect(
    await ada.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
    "the page does not scroll sideways",
  ).toBe(true);

  await ada.button(t("controls.microphone")).tap();
  await grace.tileSays(await ada.peerId(), "data-microphone", "off");
  await ada.writes("from a phone");
  await grace.reads("from a phone");
});
