// Sums the gzipped JavaScript that a browser loads to be in a call by link, and fails over
// the budget. Reads Vite's manifest, so `npm run build` comes first.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const BUDGET_BYTES = 120_000;
const ENTRY = "index.html";
// Lazy chunks that being in a call needs: the Room page and what stands in its folder …
const NEEDED_IN_CALL = /^src\/pages\/Room\//;
// … except for what opens only on a click. Named here one by one, each a `lazy()` import.
const ON_A_CLICK = [/^src\/pages\/Room\/lazy\//];

const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const manifest = JSON.parse(readFileSync(`${dist}.vite/manifest.json`, "utf8"));

/** Every chunk reachable from `key`, by static imports and by the needed lazy ones. */
function reach(key, seen) {
  const chunk = manifest[key];
  if (chunk === undefined || seen.has(key)) {
    return seen;
  }
  seen.add(key);
  for (const next of chunk.imports ?? []) {
    reach(next, seen);
  }
  for (const next of chunk.dynamicImports ?? []) {
    const source = manifest[next]?.src ?? next;
    const needed = NEEDED_IN_CALL.test(source) && !ON_A_CLICK.some((rule) => rule.test(source));
    if (needed) {
      reach(next, seen);
    }
  }
  return seen;
}

const files = new Map();
for (const key of reach(ENTRY, new Set())) {
  const { file } = manifest[key];
  if (file.endsWith(".js")) {
    files.set(file, gzipSync(readFileSync(dist + file), { level: 9 }).length);
  }
}
if (files.size === 0) {
  throw new Error(`${ENTRY} is not in the manifest`);
}

const total = [...files.values()].reduce((sum, bytes) => sum + bytes, 0);
if (process.argv.includes("--json")) {
  // `cargo xtask bench signal` reads it.
  console.log(JSON.stringify({ bytes: total, files: Object.fromEntries(files) }));
} else {
  for (const [file, bytes] of [...files].sort(([, a], [, b]) => b - a)) {
    console.log(`${(bytes / 1000).toFixed(1).padStart(8)} kB  ${file}`);
  }
  const budget = BUDGET_BYTES / 1000;
  console.log(`${(total / 1000).toFixed(1).padStart(8)} kB  in all, of ${budget} kB (gzip)`);
}
if (total > BUDGET_BYTES) {
  console.error("Over the budget: make something lazy.");
  process.exitCode = 1;
}
