import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const ENGINE = ["src/call/**/*.test.ts", "src/services/**/*.test.ts"];

export default defineConfig({
  test: {
    restoreMocks: true,
    unstubGlobals: true,
    // Two cores are enough for what is here, and leave the machine usable.
    maxWorkers: 2,
    projects: [
      // The engine's browser is made of fakes, so a document would only cost time.
      { extends: true, test: { name: "engine", environment: "node", include: ENGINE } },
      {
        extends: true,
        plugins: [react()],
        test: {
          name: "pages",
          environment: "happy-dom",
          include: ["src/**/*.test.{ts,tsx}"],
          exclude: ENGINE,
        },
      },
    ],
  },
});
