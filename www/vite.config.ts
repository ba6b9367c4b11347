import { defineConfig } from "vite";

// `base` is relative, so that the built folder works under any path of a static host. The catalogue
// is imported as "pocketsage/emoji.sage", as in any other project, hence no public folder.
export default defineConfig({
  base: "./",
  publicDir: false,
  worker: { format: "es" },
  build: { target: "es2022", assetsInlineLimit: 0 },
  server: { host: "127.0.0.1" },
  preview: { host: "127.0.0.1" },
});
