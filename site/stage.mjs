// The pages of the documentation site: the Markdown of the repository with links that hold within
// the site. One source: what the npm tarball has under docs/ is what the site shows.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import { filesBelow } from "./files.mjs";
import { addressOf } from "./navigation.mjs";
import { withoutStyle } from "./pictures/svg.mjs";

/** Documents outside docs/ that are pages, by their path in the repository. */
const ROOT_PAGES = {
  "ARCHITECTURE.md": "project/architecture.md",
  "CHANGELOG.md": "project/changelog.md",
  "CODE_OF_CONDUCT.md": "project/conduct.md",
  "CONTRIBUTING.md": "project/contributing.md",
  "RELEASE.md": "project/release.md",
  "SECURITY.md": "project/security.md",
};

/** Fenced code blocks, which are copied as they are. */
const FENCE = /^( *)(```+|~~~+)[^\n]*\n[\s\S]*?^\1\2[^\n]*$/gm;
/** A code span, or an inline link or image with its label and target. */
const SPAN_OR_LINK =
  /(`+)(?!`)[\s\S]*?\1|(!?)\[((?:[^\][]|\[[^\]]*\])*)\]\(\s*<?([^\s)>]+)>?(\s+"[^"]*")?\s*\)/g;
const DEFINITION = /^( {0,3}\[[^\]]+\]: *)(\S+)$/gm;
const PICTURE = /^!\[([^\]]*)\]\(([^)\s]+\.svg)\)$/gm;

/** The page of a file of the repository, as a path in the site; undefined if it is none. */
function pageOf(source) {
  if (source === "README.md") return "index.md";
  if (source in ROOT_PAGES) return ROOT_PAGES[source];
  if (!source.startsWith("docs/") || !source.endsWith(".md")) return undefined;
  return source.slice("docs/".length).replace(/(^|\/)README\.md$/, "$1index.md");
}

/** The documents that are pages: `{ source, path, title, text }`. */
async function readPages(root) {
  const sources = [...Object.keys(ROOT_PAGES), ...(await filesBelow(root, "docs", ".md"))];
  return Promise.all(
    sources.map(async (source) => {
      const text = await readFile(join(root, source), "utf8");
      const title = text.match(/^title: *(.+)$/m)?.[1] ?? text.match(/^# +(.+)$/m)?.[1];
      if (!title) throw new Error(`${source} has no heading of level 1: add one.`);
      return { source, path: pageOf(source), title: title.replaceAll("`", ""), text };
    }),
  );
}

/** Writes the pages below `folder`, and resolves to them. */
export async function stagePages(root, folder) {
  const pages = await readPages(root);
  const titleByPath = new Map(pages.map(({ path, title }) => [path, title]));
  for (const page of pages) {
    const path = join(folder, page.path);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, await pageText(root, page, titleByPath));
  }
  return pages;
}

/**
 * The text of a page: links to documents become links of the site, and labels that are names of
 * documents their titles; links to other files of the repository become plain text, and pictures
 * are placed inline, so that they follow the chosen theme.
 */
async function pageText(root, { source, text }, titleByPath) {
  const folder = posix.dirname(source);
  const pictures = new Map();
  for (const [, , target] of text.matchAll(PICTURE)) {
    pictures.set(target, withoutStyle(await readFile(join(root, folder, target), "utf8")));
  }
  /** The address in the site; the target itself if it is none of a file, undefined without page. */
  const siteAddress = (target) => {
    if (/^([a-z][a-z0-9+.-]*:|#|\/)/i.test(target)) return target;
    const [file, anchor] = target.split("#");
    const page = pageOf(posix.join(folder, file));
    return titleByPath.has(page) ? `${addressOf(page)}${anchor ? `#${anchor}` : ""}` : undefined;
  };
  const siteLink = (whole, _ticks, image, label, target, title = "") => {
    if (target === undefined || image) return whole;
    const address = siteAddress(target);
    const isFileName = /^`?[\w./-]+\.md`?$/.test(label);
    const page = pageOf(posix.join(folder, target.split("#")[0]));
    const text = (isFileName && titleByPath.get(page)) || label;
    return address ? `[${text}](${address}${title})` : label;
  };
  const parts = [];
  let end = 0;
  for (const match of [...text.matchAll(FENCE), { index: text.length, 0: "" }]) {
    parts.push(
      text
        .slice(end, match.index)
        .replace(PICTURE, (_, caption, target) => figure(pictures.get(target), caption))
        .replace(SPAN_OR_LINK, siteLink)
        .replace(DEFINITION, (_, start, target) => `${start}${siteAddress(target) ?? target}`),
      match[0],
    );
    end = match.index + match[0].length;
  }
  return parts.join("");
}

const figure = (svg, caption) =>
  `<figure class="picture" v-pre>\n${svg.trim()}\n<figcaption>${caption}</figcaption>\n</figure>`;
