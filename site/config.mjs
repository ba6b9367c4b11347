// Configuration of VitePress. site/build.mjs writes navigation.json and sets `DOCS_OUT`, the folder
// of the built site. `DOCS_BASE` is the path at which the site is served, by default "/".
import { readFileSync } from "node:fs";
import { defineConfig } from "vitepress";
import { slugOf } from "./slug.mjs";

const { sidebar, version } = JSON.parse(
  readFileSync(new URL("navigation.json", import.meta.url), "utf8"),
);

export default defineConfig({
  title: "PocketSage",
  description: "Recommendations that learn on the device: a person as a handful of interests.",
  lang: "en-GB",
  base: process.env.DOCS_BASE ?? "/",
  cleanUrls: false,
  outDir: process.env.DOCS_OUT,
  // site/links.mjs checks every link of the built pages, with its anchor.
  ignoreDeadLinks: true,
  lastUpdated: false,
  head: [
    [
      "link",
      { rel: "icon", href: `${process.env.DOCS_BASE ?? "/"}icon.svg`, type: "image/svg+xml" },
    ],
    ["meta", { name: "theme-color", content: "#f3f5ef", media: "(prefers-color-scheme: light)" }],
    ["meta", { name: "theme-color", content: "#121613", media: "(prefers-color-scheme: dark)" }],
  ],
  markdown: {
    anchor: { slugify: slugOf },
    theme: { light: "github-light-high-contrast", dark: "github-dark" },
    lineNumbers: false,
  },
  themeConfig: {
    logo: "/icon.svg",
    search: { provider: "local" },
    outline: { level: [2, 3] },
    externalLinkIcon: true,
    docFooter: { prev: "Before", next: "Next" },
    nav: [
      { text: "Get started", link: "/start/own-items", activeMatch: "^/start/" },
      { text: "Concepts", link: "/concepts/interests", activeMatch: "^/concepts/" },
      { text: "Options", link: "/options" },
      { text: "API", link: "/api/", activeMatch: "^/api/" },
      { text: version, link: "/project/changelog" },
    ],
    sidebar,
    footer: { message: "MIT or Apache-2.0." },
  },
});
