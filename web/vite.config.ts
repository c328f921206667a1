import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const SERVER = "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react(), tailwindcss()],
  experimental: {
    // The server may say that assets come from another origin, so only pages name them from the
    // root (the server rewrites those); scripts and styles find others beside themselves.
    renderBuiltUrl: (_file, { hostType, type }) =>
      hostType !== "html" && type === "asset" ? { relative: true } : undefined,
  },
  // What `startWorker` starts is a module.
  worker: { format: "es" },
  server: {
    port: 5173,
    strictPort: true,
    proxy: {
      "/api": SERVER,
      "/ws": { target: SERVER, ws: true },
    },
  },
  build: {
    // `npm run size` reads it.
    manifest: true,
    // The content security policy allows no `data:` scripts, styles or fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      input: { app: "index.html", docs: "docs.html" },
    },
    // The API viewer is one big chunk of its own, which no page of the app loads.
    chunkSizeWarningLimit: 2_000,
  },
});
