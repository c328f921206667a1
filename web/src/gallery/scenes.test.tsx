/** Each state of each page: it renders, has no accessibility violation, and no text of its own. */
import { cleanup, render } from "@testing-library/react";
import { run } from "axe-core";
import { Suspense } from "react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { NAMES } from "./fakes";
import { SCENES } from "./scenes";

vi.mock("./pictures", () => ({
  figureStream: () => new MediaStream(),
  pageStream: () => new MediaStream(),
}));

type Texts = Readonly<Record<string, string | Record<string, string>>>;

/** Marks what came from the catalogue. */
const { marked } = vi.hoisted(() => {
  const mark = (text: string) => `⟦${text}⟧`;
  const forms = (entry: Record<string, string>) =>
    Object.fromEntries(Object.entries(entry).map(([form, text]) => [form, mark(text)]));
  return {
    marked: (texts: Texts) =>
      Object.fromEntries(
        Object.entries(texts).map(([key, entry]) => [key, typeof entry === "string" ? mark(entry) : forms(entry)]),
      ),
  };
});
vi.mock("../locales/en", async (original) => ({ en: marked((await original<{ en: Texts }>()).en) }));
vi.mock("../locales/enLater", async (original) => ({
  enLater: marked((await original<{ enLater: Texts }>()).enLater),
}));

beforeEach(() => {
  // Without a size, the grid has no room for tiles.
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(1280);
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(720);
  // The scene of a crash says so there.
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});

afterEach(cleanup);

async function show(name: string): Promise<HTMLElement> {
  const { container } = render(
    <MemoryRouter>
      <Suspense fallback="not there yet">{SCENES[name]?.()}</Suspense>
    </MemoryRouter>,
  );
  // Parts that are loaded later are compiled first, on a busy machine not quickly.
  const waiting = name === "loading" ? /not there yet/ : /not there yet|⟦Loading…⟧/;
  await vi.waitUntil(() => !waiting.test(container.textContent), 15_000);
  return container;
}

/** What needs real styles or a whole document: looked at in real browsers. */
const RULES_OF_BROWSERS = ["color-contrast", "region", "target-size", "scrollable-region-focusable"];

describe("accessibility", { timeout: 30_000 }, () => {
  test.each(Object.keys(SCENES))("%s", async (name) => {
    const container = await show(name);
    const { violations } = await run(container, {
      rules: Object.fromEntries(RULES_OF_BROWSERS.map((rule) => [rule, { enabled: false }])),
    });
    expect(violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html)])).toEqual([]);
    expect(container.querySelectorAll("h1").length).toBe(1);
  });
});

const SPOKEN = ["aria-label", "title", "placeholder", "alt"];

function wordsOf(container: HTMLElement): string[] {
  const words: string[] = [];
  const nodes = document.createTreeWalker(container, NodeFilter.SHOW_TEXT);
  for (let node = nodes.nextNode(); node !== null; node = nodes.nextNode()) {
    words.push(node.textContent ?? "");
  }
  for (const element of container.querySelectorAll("*")) {
    for (const name of SPOKEN) words.push(element.getAttribute(name) ?? "");
  }
  return words;
}

/** Names, codes, chat, devices: what people and the server say. Initials and keys are one or two letters. */
const NOT_OURS =
  /page 2|Noether|Team meeting|ABCD2345|https?:|meeting|morning|start\?|coffee|relay|log book|refused$|microphone$|headset|[Cc]amera$|speakers$|^\p{L}{1,2}$|PM$|AM$/u;

describe("text comes from the catalogue", { timeout: 30_000 }, () => {
  test.each(Object.keys(SCENES))("%s", async (name) => {
    const own = wordsOf(await show(name)).filter(
      (text) =>
        /\p{L}/u.test(text) &&
        !text.includes("⟦") &&
        !NOT_OURS.test(text) &&
        !NAMES.some((name) => text.includes(name)),
    );
    expect(own).toEqual([]);
  });
});
