// The navigation of the documentation site, built from the files in docs/: a new file appears by
// itself, under its first heading, at the end of its group.
import { basename, dirname } from "node:path/posix";

/**
 * Groups of the sidebar in their order. `pages` are paths in the site that come first, in this
 * order; `folders` are the folders whose other pages follow, by title.
 */
const GROUPS = [
  { text: "Decide", pages: ["index.md", "when-not.md", "limits.md"], folders: [] },
  {
    text: "Get started",
    pages: [
      "start/own-items.md",
      "start/node.md",
      "start/vite.md",
      "start/html.md",
      "start/react.md",
      "frameworks.md",
      "start/web-worker.md",
      "start/deno-bun.md",
      "start/cloudflare.md",
      "start/rust.md",
      "toolchains.md",
    ],
    folders: ["start", "toolchains", "frameworks"],
  },
  {
    text: "Concepts",
    pages: ["concepts/interests.md", "concepts/tree.md", "concepts/time.md", "concepts/mixture.md"],
    folders: ["concepts"],
  },
  {
    text: "Guides",
    pages: [
      ...[
        "usage.md",
        "guides/only-text.md",
        "guides/embeddings.md",
        "guides/change-model.md",
        "guides/steering.md",
        "guides/one-vector.md",
      ],
      ...[
        "remote.md",
        "privacy.md",
        "guides/threat-model.md",
        "guides/privacy-notice.md",
        "vault.md",
        "ranges.md",
        "edge.md",
        "evaluate.md",
        "eval.md",
        "guides/csp.md",
        "guides/testing.md",
      ],
    ],
    folders: ["guides", "."],
  },
  {
    text: "Reference",
    pages: [
      ...[
        "glossary.md",
        "options.md",
        "cli.md",
        "cli-options.md",
        "format.md",
        "cells.md",
        "log-format.md",
        "export.md",
      ],
      "figures.md",
    ],
    folders: ["reference"],
  },
  { text: "API", pages: ["api/index.md"], folders: ["api"] },
  {
    text: "Project",
    pages: ["project/architecture.md", "decisions/index.md", "project/changelog.md"],
    folders: ["project"],
  },
];
const RUSTDOC = { text: "Rust crate", link: "/rust/pocketsage/index.html", target: "_self" };
/** The first folder of a page; "." in the root. */
const folderOf = (path) => dirname(path).split("/")[0];
/** Pages that are reached from another page and not from the sidebar. */
const isUnlisted = (path) => folderOf(path) === "decisions" && basename(path) !== "index.md";

/** The address of a page within the site: `start/node.md` is `/start/node`. */
export const addressOf = (path) =>
  `/${path.replace(/(^|\/)index\.md$/, "$1").replace(/\.md$/, "")}`;

/**
 * The sidebar for pages `{ path, title }`, in the form of VitePress. A folder that is in no group
 * becomes a group of its own name. `hasRustdoc` adds a link to its pages.
 */
export function sidebarOf(pages, { hasRustdoc = false } = {}) {
  const titles = new Map(pages.map(({ path, title }) => [path, title]));
  const listedPages = new Set(GROUPS.flatMap((group) => group.pages));
  const folders = new Set(GROUPS.flatMap((group) => group.folders));
  const others = pages.map(({ path }) => path).filter((path) => !listedPages.has(path));
  const byTitle = (a, b) => titles.get(a).localeCompare(titles.get(b), "en");
  const newGroups = [...new Set(others.map(folderOf))]
    .filter((folder) => !folders.has(folder) && folder !== "decisions")
    .map((folder) => ({ text: folder, pages: [], folders: [folder] }));
  return [...GROUPS, ...newGroups]
    .map(({ text, pages: first, folders: rest }) => ({
      text,
      collapsed: text === "API" || text === "Project" ? true : undefined,
      items: [
        ...first.filter((path) => titles.has(path)),
        ...others
          .filter((path) => rest.includes(folderOf(path)) && !isUnlisted(path))
          .sort(byTitle),
      ]
        .map((path) => ({ text: titles.get(path), link: addressOf(path) }))
        .concat(text === "API" && hasRustdoc ? RUSTDOC : []),
    }))
    .filter(({ items }) => items.length > 0);
}
