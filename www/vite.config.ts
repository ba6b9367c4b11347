import { defineConfig } from "vite";

// Relative addresses, so that the built folder works from any path of any static host. The catalogue in public/ is the package's, and comes
// through it: the page imports "pocketsage/emoji.sage" like everyone else.
export default defineConfig({
  base: "./",
  publicDir: false,
  worker: { format: "es" },
  build: { target: "es2022", assetsInlineLimit: 0 },
  server: { host: "127.0.0.1" },
  preview: { host: "127.0.0.1" },
});
