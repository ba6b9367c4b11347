import { defineConfig } from "vite";

// `base` is relative, so that the built folder works under any path of a static host. The catalogues
// are imported from catalogues/, where `npm run build` makes the small one; hence no public folder.
export default defineConfig({
  base: "./",
  publicDir: false,
  worker: { format: "es" },
  build: { target: "es2022", assetsInlineLimit: 0 },
  server: { host: "127.0.0.1" },
  preview: { host: "127.0.0.1" },
});
