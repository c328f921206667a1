import type { Page } from "puppeteer-core";

import { t } from "../../src/locales/later";
import { installProbe } from "./probe";
import { eventually } from "./waiting";

/** Somebody in front of a Firefox page of the app: as much as a mixed call needs. */
export class FirefoxPerson {
  readonly page: Page;
  readonly name: string;
  readonly #errors: string[] = [];

  static async arrive(page: Page, name: string): Promise<FirefoxPerson> {
    await page.evaluateOnNewDocument(installProbe);
    await page.setViewport({ width: 1024, height: 768 });
    return new FirefoxPerson(page, name);
  }

  private constructor(page: Page, name: string) {
    this.page = page;
    this.name = name;
    page.on("pageerror", (error) => this.#errors.push(String(error)));
  }

  async join(link: string): Promise<void> {
    await this.page.goto(link);
    await this.page.locator(named(t("prejoin.name"), "textbox")).fill(this.name);
    await this.press(t("prejoin.join"));
    await eventually(
      "Firefox is in the call",
      () => this.page.evaluate(() => document.querySelector('[data-phase="joined"]') !== null),
      { deadlineMs: 30_000 },
    );
  }

  async press(button: string): Promise<void> {
    await this.page.locator(named(button, "button")).click();
  }

  peerId(): Promise<string> {
    return eventually("Firefox has a peer id", () =>
      this.page.evaluate(() =>
        document.querySelector('[data-tile][data-self]')?.getAttribute("data-peer-id"),
      ),
    );
  }

  /** Uncaught errors and breaches of the content security policy. */
  async complaints(): Promise<string[]> {
    const violations = await this.page.evaluate(() => window.__probe.policyViolations);
    return [...this.#errors, ...violations];
  }
}

function named(name: string, role: string): string {
  return `::-p-aria([name="${name}"][role="${role}"])`;
}
