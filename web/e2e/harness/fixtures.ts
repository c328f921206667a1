import { join } from "node:path";

import type { Browser, BrowserContext, BrowserContextOptions } from "playwright-core";
import { expect, test as plain } from "vitest";

import { ARTIFACTS, fileName } from "./artifacts";
import { launchChromium } from "./chromium";
import type { ChromiumOptions } from "./chromium";
import { Guard } from "./guard";
import { Person } from "./person";
import { installProbe } from "./probe";
import { relayOnly } from "./paths";
import { SIZES } from "./screenshots";
import { Server } from "./server";

/**
 * What an action of a person may take, such as a click: elements are there at once, or a test
 * waits for them with a deadline of its own.
 */
const ACTION_TIMEOUT_MS = 15_000;

export interface ArrivalOptions {
  /** Another browser than the shared one, with other devices or in another network. */
  readonly browser?: Browser;
  readonly context?: BrowserContextOptions;
  /** Media goes through TURN or not at all. */
  readonly relayOnly?: boolean;
  /** Where they find the server, if not under its own address. */
  readonly origin?: string;
  /** Where the app's assets are, if not there. */
  readonly assets?: string;
}

/** The people of one test, each with a browser context of their own. */
export class People {
  readonly #server: Server;
  readonly #browser: Browser;
  readonly #people: Person[] = [];
  readonly #browsers: Browser[] = [];

  constructor(server: Server, browser: Browser) {
    this.#server = server;
    this.#browser = browser;
  }

  /** A browser unlike the shared one, for this test. */
  async browser(options: ChromiumOptions): Promise<Browser> {
    const browser = await launchChromium(options);
    this.#browsers.push(browser);
    return browser;
  }

  /** Somebody with an empty page. */
  async arrive(name: string, options: ArrivalOptions = {}): Promise<Person> {
    const context = await this.#openContext(options);
    const guard = new Guard();
    context.on("page", (page) =>
      guard.watch(page, options.origin ?? this.#server.origin, options.assets),
    );
    return this.#add(new Person(context, await context.newPage(), name, guard));
  }

  /** Somebody who uses another program than the app. */
  async stranger(name: string): Promise<Person> {
    const context = await this.#openContext({});
    return this.#add(new Person(context, await context.newPage(), name, new Guard()));
  }

  /** A second tab of `original`'s browser, with a copy of its session storage. */
  async duplicate(original: Person): Promise<Person> {
    const stored = await original.page.evaluate(() => ({ ...sessionStorage }));
    const second = await this.secondTab(original);
    await second.page.addInitScript((entries) => {
      for (const [key, value] of Object.entries(entries)) sessionStorage.setItem(key, value);
    }, stored);
    return second;
  }

  /** A new tab of `original`'s browser. */
  async secondTab(original: Person): Promise<Person> {
    const page = await original.context.newPage();
    return new Person(original.context, page, original.name, original.guard);
  }

  /** Somebody who has joined the call. */
  async join(name: string, roomId: string, options: ArrivalOptions = {}): Promise<Person> {
    const person = await this.arrive(name, options);
    await person.join(this.#server.link(roomId));
    return person;
  }

  /** Somebody who has joined with the private host link. */
  async host(
    name: string,
    room: { room_id: string; host_token: string },
    options: ArrivalOptions = {},
  ): Promise<Person> {
    const person = await this.arrive(name, options);
    await person.join(`${this.#server.link(room.room_id)}#host=${room.host_token}`);
    return person;
  }

  async #openContext(options: ArrivalOptions): Promise<BrowserContext> {
    const context = await (options.browser ?? this.#browser).newContext({
      viewport: SIZES.laptop,
      locale: "en-GB",
      ...options.context,
    });
    context.setDefaultTimeout(ACTION_TIMEOUT_MS);
    await context.addInitScript(installProbe);
    if (options.relayOnly === true) await context.addInitScript(relayOnly);
    return context;
  }

  #add(person: Person): Person {
    this.#people.push(person);
    return person;
  }

  async portrayFailure(test: string): Promise<void> {
    for (const person of this.#people) {
      const file = `${fileName(test)}-${fileName(person.name)}.png`;
      await person.page.screenshot({ path: join(ARTIFACTS, file) });
    }
  }

  /** Closes all pages. Fails if one of them did what none may do. */
  async dispose(): Promise<void> {
    const complaints = this.#people.flatMap((person) =>
      person.guard.complaints.map((complaint) => `${person.name}: ${complaint}`),
    );
    for (const person of this.#people) await person.context.close();
    for (const browser of this.#browsers) await browser.close();
    expect(complaints, "policy violations, uncaught errors, foreign requests").toEqual([]);
  }
}

/** Each file has a server and a browser of its own, each test its own people. */
export const test = plain
  .extend<{ server: Server; browser: Browser }>({
    server: [
      async ({}, use) => {
        const server = await Server.start();
        await use(server);
        await server.dispose();
      },
      { scope: "file" },
    ],
    browser: [
      async ({}, use) => {
        const browser = await launchChromium();
        await use(browser);
        await browser.close();
      },
      { scope: "file" },
    ],
  })
  .extend<{ people: People }>({
    people: async ({ server, browser, task }, use) => {
      const people = new People(server, browser);
      await use(people);
      if (task.result?.state === "fail") {
        await people.portrayFailure(task.name);
        // It may have ended half-way through a restart.
        await server.ensureRunning();
      }
      await people.dispose();
    },
  });

export { expect };
