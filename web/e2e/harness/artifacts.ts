import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Logs and pictures of what failed; for whoever looks after a red run. */
export const ARTIFACTS = folder("../artifacts/");

/** Pictures of each page and state, for a person to look at. */
export const SCREENSHOTS = folder("../screenshots/");

function folder(relative: string): string {
  const path = fileURLToPath(new URL(relative, import.meta.url));
  mkdirSync(path, { recursive: true });
  return path;
}

/** A file name out of a sentence. */
export function fileName(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "")
    .slice(0, 90);
}

/** A file that every run makes the same, so that one of them does. Answers its path. */
export function madeOnce(name: string, make: () => Buffer): string {
  const file = join(ARTIFACTS, name);
  if (existsSync(file)) return file;
  // In one step, so that nobody finds half of it.
  const unfinished = `${file}.${process.pid}`;
  writeFileSync(unfinished, make());
  renameSync(unfinished, file);
  return file;
}
