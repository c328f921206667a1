/** Texts that nothing shows only cost translators time. */
import { expect, test } from "vitest";
import { en } from "./en";
import { enLater } from "./enLater";

const sources = import.meta.glob<string>(["../**/*.{ts,tsx}", "!../**/*.test.*", "!./*"], {
  query: "?raw",
  import: "default",
  eager: true,
});

test("every text of the catalogue is used", () => {
  const source = Object.values(sources).join("\n");
  // Keys that are put together, as `error.${code}`: a beginning and an end.
  const composed = [...source.matchAll(/`([a-zA-Z.-]+\.)\$\{[^}]*\}([a-zA-Z.-]*)`/g)];
  const unused = Object.keys({ ...en, ...enLater }).filter(
    (key) =>
      !source.includes(`"${key}"`) &&
      !composed.some(([, start = "", end = ""]) => key.startsWith(start) && key.endsWith(end)),
  );
  expect(unused).toEqual([]);
});
