import { mkdirSync } from "node:fs";
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
