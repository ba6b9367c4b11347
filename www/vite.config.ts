import { defineConfig } from "vite";

/** Relative addresses, so that the built folder works from any path of any static host. */
export default defineConfig({
  base: "./",
  worker: { format: "es" },
  build: { target: "es2022", assetsInlineLimit: 0 },
  server: { host: "127.0.0.1" },
  preview: { host: "127.0.0.1" },
});
