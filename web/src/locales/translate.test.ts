import { afterEach, describe, expect, test } from "vitest";
import { de } from "./de";
import { en } from "./en";
import { enLater } from "./enLater";
import { t } from "./later";
import { loadLanguage, pickLanguage, type Catalogue, type TextKey } from "./translate";

afterEach(() => loadLanguage("en"));

describe("t", () => {
  test("fills parameters in", () => {
    expect(t("notice.joined", { name: "Ada" })).toBe("Ada joined");
  });

  test("chooses the form for the count", () => {
    expect(t("prejoin.people", { count: 1 })).toBe("1 person is in the call");
    expect(t("prejoin.people", { count: 3 })).toBe("3 people are in the call");
  });

  test("writes numbers as the language does", async () => {
    expect(t("chat.over", { count: 1234 })).toContain("1,234");
    await loadLanguage("de");
    expect(t("chat.over", { count: 1234 })).toContain("1.234");
  });

  test("does not fill in what is written inside a parameter", () => {
    expect(t("chat.announce", { name: "{text}", text: "hello" })).toBe("{text} writes: hello");
  });
});

describe("pickLanguage", () => {
  test.each([
    [["de-AT", "en"], "de"],
    [["fr", "de"], "de"],
    [["en-GB", "de"], "en"],
    [["fr"], "en"],
    [["constructor"], "en"],
    [[], "en"],
  ])("of %j is %s", (wanted, language) => {
    expect(pickLanguage(wanted)).toBe(language);
  });
});

const english: Catalogue = { ...en, ...enLater };

function params(entry: Catalogue[TextKey]): string[] {
  const texts: unknown[] = typeof entry === "string" ? [entry] : Object.values(entry);
  const names = texts.flatMap((text) => [...String(text).matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? ""));
  return [...new Set(names)].toSorted();
}

function textKeys(catalogue: Catalogue): readonly TextKey[] {
  return Object.keys(catalogue).filter((key): key is TextKey => key in english);
}

test("no text is in both parts of the English catalogue", () => {
  expect(Object.keys(en).filter((key) => key in enLater)).toEqual([]);
});

test("German has the parameters of English in every text", () => {
  for (const key of textKeys(english)) {
    expect([key, params(de[key])]).toEqual([key, params(english[key])]);
  }
});
