import { expect, test } from "vitest";
import { splitLinks } from "./links";

function links(text: string): string[] {
  return splitLinks(text)
    .filter((part) => part.kind === "link")
    .map((part) => part.text);
}

test.each([
  ["see https://example.org/a?b=1#c now", ["https://example.org/a?b=1#c"]],
  ["(https://example.org/page)", ["https://example.org/page"]],
  ["https://example.org/wiki/Bug_(software).", ["https://example.org/wiki/Bug_(software)"]],
  ["http://a.example, and https://b.example!", ["http://a.example", "https://b.example"]],
  ["javascript:alert(1) data:text/html,x ftp://example.org", []],
  ["https:// is nothing", []],
  ['"https://example.org/"onmouseover="x', ["https://example.org/"]],
])("%s", (text, expected) => {
  expect(links(text)).toEqual(expected);
});

test("loses no character of the text", () => {
  const text = "one https://example.org/x, two\nthree (http://b.example)";
  expect(
    splitLinks(text)
      .map((part) => part.text)
      .join(""),
  ).toBe(text);
});
