import type { BrowserContext, Locator, Page } from "playwright-core";

import { t } from "../../src/locales/later";
import { hearsEveryone, seesFramesOf } from "./frames";
import type { Guard } from "./guard";
import { eventually } from "./waiting";

/** Somebody in front of a Chromium page of the app. Found by role and name, as people find it. */
export class Person {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly name: string;
  readonly guard: Guard;

  constructor(context: BrowserContext, page: Page, name: string, guard: Guard) {
    this.context = context;
    this.page = page;
    this.name = name;
    this.guard = guard;
  }

  /** From the link to inside the call. */
  async join(link: string): Promise<void> {
    await this.page.goto(link);
    await this.sayName();
    await this.clickJoin();
    await this.isInside();
  }

  async sayName(): Promise<void> {
    await this.page.getByLabel(t("prejoin.name")).fill(this.name);
  }

  async clickJoin(): Promise<void> {
    await this.button(t("prejoin.join")).click();
  }

  async joinWithoutDevices(): Promise<void> {
    await this.sayName();
    await this.button(t("prejoin.joinWithout")).click();
    await this.isInside();
  }

  async isInside(deadlineMs = 20_000): Promise<void> {
    await this.ownTile.waitFor({ timeout: deadlineMs });
    await this.page.locator('[data-phase="joined"]').waitFor({ timeout: deadlineMs });
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole("button", { name, exact: true });
  }

  heading(name: string): Locator {
    return this.page.getByRole("heading", { name, exact: true });
  }

  dialog(name: string): Locator {
    return this.page.getByRole("dialog", { name, exact: true });
  }

  get ownTile(): Locator {
    return this.page.locator('article[data-tile][data-self][data-kind="camera"]');
  }

  tile(peerId: string, kind: "camera" | "screen" = "camera"): Locator {
    return this.page.locator(
      `article[data-tile]:not([data-self])[data-kind="${kind}"][data-peer-id="${peerId}"]`,
    );
  }

  async peerId(): Promise<string> {
    const id = await this.ownTile.getAttribute("data-peer-id");
    if (id === null || id === "") throw new Error(`${this.name}'s own tile has no peer id`);
    return id;
  }

  /** The ids of the others' camera tiles, one entry for each tile, sorted. */
  async sees(): Promise<string[]> {
    const ids = await this.page
      .locator('article[data-tile]:not([data-self])[data-kind="camera"]')
      .evaluateAll((tiles) => tiles.map((tile) => tile.getAttribute("data-peer-id") ?? ""));
    return ids.toSorted();
  }

  /** Resolves when there is exactly one tile for each of `others`, and none besides. */
  async seesExactly(others: readonly string[], deadlineMs?: number): Promise<void> {
    const wanted = others.toSorted().join();
    await eventually(
      `${this.name} sees ${others.length} other(s)`,
      async () => (await this.sees()).join() === wanted,
      {
        ...(deadlineMs === undefined ? {} : { deadlineMs }),
        describe: async () => ({ wanted, seen: await this.sees() }),
      },
    );
  }

  /** Pictures and sound of each of `others` arrive. */
  async seesAndHears(others: readonly string[]): Promise<void> {
    await seesFramesOf(this.page, others);
    await hearsEveryone(this.page, others.length);
  }

  async tileSays(
    peerId: string,
    attribute: "data-microphone" | "data-camera" | "data-connection",
    value: string,
  ): Promise<void> {
    await eventually(
      `${this.name} sees ${attribute}=${value}`,
      async () => (await this.tile(peerId).getAttribute(attribute)) === value,
      { describe: () => this.tile(peerId).getAttribute(attribute) },
    );
  }

  /** Presses a button that stays pressed, or releases it. */
  async sets(label: string, on: boolean): Promise<void> {
    const button = this.button(label);
    if ((await button.getAttribute("aria-pressed")) !== String(on)) await button.click();
    await this.page
      .getByRole("button", { name: label, exact: true, pressed: on })
      .waitFor();
  }

  async openChat(): Promise<void> {
    const field = this.page.getByLabel(t("chat.field"));
    if (await field.isVisible()) return;
    await this.button(new RegExp(`^${t("controls.chat")}($|,)`)).click();
    await field.waitFor();
  }

  async writes(text: string): Promise<void> {
    await this.openChat();
    await this.page.getByLabel(t("chat.field")).fill(text);
    await this.button(t("chat.send")).click();
  }

  async reads(text: string): Promise<void> {
    await this.openChat();
    await this.page
      .getByRole("list", { name: t("chat.messages") })
      .getByText(text)
      .waitFor();
  }

  /** A notice as a toast. */
  async isTold(notice: string): Promise<void> {
    await this.page.getByRole("log", { name: t("notice.region") }).getByText(notice).waitFor();
  }

  async openPeople(): Promise<void> {
    const list = this.page.getByRole("group", { name: t("people.list") });
    if (!(await list.isVisible())) await this.button(t("controls.people")).click();
    await list.waitFor();
  }

  /** A host's action on somebody, out of the menu in the list of people. */
  async actsOn(name: string, action: string): Promise<void> {
    await this.openPeople();
    await this.button(t("people.actions", { name })).click();
    await this.button(action).click();
  }

  async leave(): Promise<void> {
    await this.button(t("controls.leave")).click();
    await this.heading(t("after.left.title")).waitFor();
  }
}

/** Everybody sees everybody else, with exactly one tile each. */
export async function allSeeEachOther(people: readonly Person[], deadlineMs?: number): Promise<void> {
  const ids = await Promise.all(people.map((person) => person.peerId()));
  await Promise.all(
    people.map((person, index) =>
      person.seesExactly(
        ids.filter((_, other) => other !== index),
        deadlineMs,
      ),
    ),
  );
}

/** Decoded frames advance and sound arrives on each side. */
export async function allSeeAndHearEachOther(people: readonly Person[]): Promise<void> {
  await allSeeEachOther(people);
  const ids = await Promise.all(people.map((person) => person.peerId()));
  await Promise.all(
    people.map((person, index) => person.seesAndHears(ids.filter((_, other) => other !== index))),
  );
}
