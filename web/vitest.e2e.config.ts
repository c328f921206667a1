import { defineConfig } from "vitest/config";

/** Real browsers against the real binary: one file after the other, they need the processor. */
export default defineConfig({
  test: {
    environment: "node",
    include: ["e2e/**/*.e2e.ts"],
    fileParallelism: false,
    testTimeout: 90_000,
    hookTimeout: 60_000,
  },
});
