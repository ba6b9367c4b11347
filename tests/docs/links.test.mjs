// Every relative link in a Markdown file resolves, in the repository and in the npm tarball, and
// every path of the repository that a document names exists.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { slugOf } from "../../site/slug.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Standard output of a command in the root of the repository. */
async function outputOf(command, ...args) {
  const { stdout } = await promisify(execFile)(command, args, { cwd: root, maxBuffer: 1 << 26 });
  return stdout;
}

const tracked = (await outputOf("git", "ls-files", "-z")).split("\0").filter(Boolean);
const documents = new Map(
  await Promise.all(
    tracked
      .filter((path) => path.endsWith(".md"))
      .map(async (path) => [path, await readFile(join(root, path), "utf8")]),
  ),
);

/** Fenced code blocks and comments: neither has links or headings. */
const NO_TEXT = /^( *)(```|~~~)[\s\S]*?^\1\2.*$|<!--[\s\S]*?-->/gm;

/** The targets of inline links, images, reference definitions and HTML attributes. */
function linksOf(markdown) {
  const text = markdown.replace(NO_TEXT, "").replace(/`[^`\n]*`/g, "code");
  const inline = /\]\(\s*<?([^\s)>]+)>?(?:\s+"[^"]*")?\s*\)/g;
  const definition = /^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+)/gm;
  const attribute = /<\w[^>]*\s(?:href|src)=["']([^"']+)/g;
  return [inline, definition, attribute].flatMap((pattern) =>
    Array.from(text.matchAll(pattern), ([, target]) => target),
  );
}

/** The anchors of the headings, by GitHub's rule; explicit `id`s count as well. */
function anchorsOf(markdown) {
  const text = markdown.replace(NO_TEXT, "");
  const anchors = new Set(
    Array.from(text.matchAll(/<\w[^>]*\s(?:id|name)=["']([^"']+)/g), ([, id]) => id),
  );
  const repeats = new Map();
  for (const [, heading] of text.matchAll(/^#{1,6} +(.+?)(?: +#+)? *$/gm)) {
    const slug = slugOf(heading.replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1"));
    const repeat = repeats.get(slug) ?? 0;
    repeats.set(slug, repeat + 1);
    anchors.add(repeat === 0 ? slug : `${slug}-${repeat}`);
  }
  return anchors;
}

/** Links of one document that do not resolve within `paths`, the files that exist. */
function brokenLinks(path, markdown, paths, markdownOf) {
  const exists = (target) =>
    target === "." || paths.some((file) => file === target || file.startsWith(`${target}/`));
  return linksOf(markdown)
    .filter((link) => !/^[a-z][a-z0-9+.-]*:/i.test(link))
    .filter((link) => {
      const [file, anchor] = link.split("#").map(decodeURIComponent);
      const target = file === "" ? path : posix.join(dirname(path), file).replace(/\/$/, "");
      if (!exists(target)) return true;
      const linked = target === path ? markdown : markdownOf(target);
      return anchor !== undefined && linked !== undefined && !anchorsOf(linked).has(anchor);
    })
    .map((link) => `${path}: ${link}`);
}

/** Broken links of the documents among these paths. */
function allBrokenLinks(paths) {
  return Array.from(documents)
    .filter(([path]) => paths.includes(path))
    .flatMap(([path, text]) => brokenLinks(path, text, paths, (file) => documents.get(file)));
}

test("a missing file, a missing anchor and a path out of the repository are broken links", () => {
  const other = "# Two  words, `code` & [a link](x.md)\n## Again\n## Again\n";
  const text = [
    "[file](other.md) [folder](sub) [up](../README.md#readme) [own](#here) [web](https://x.y/z)",
    "[anchor](other.md#again-1 'title') ![image](sub/image.png)",
    "[slug](other.md#two--words-code--a-link)",
    "[broken 1](missing.md) [broken 2](other.md#missing) [broken 3](#nowhere) [broken 4][ref]",
    "[broken 5](../../outside.md) <a href='broken.html'></a> <img src=\"broken.png\">",
    "`[code](code.md)`",
    "```md\n[block](block.md)\n# nowhere\n```",
    "# Here",
    "[ref]: ref.md",
  ].join("\n");
  const paths = ["README.md", "docs/text.md", "docs/other.md", "docs/sub/image.png"];
  const files = { "docs/other.md": other, "README.md": "# Readme" };
  assert.deepEqual(
    brokenLinks("docs/text.md", text, paths, (path) => files[path]),
    [
      "missing.md",
      "other.md#missing",
      "#nowhere",
      "../../outside.md",
      "ref.md",
      "broken.html",
      "broken.png",
    ].map((link) => `docs/text.md: ${link}`),
  );
});

/** A path of the repository in a code span. Braces have alternatives, `*` is any name. */
const REPOSITORY_PATH =
  /`((?:src|ts|edge|www|site|scripts|tests|bench|benches|fuzz|data|docs|examples)\/[\w.{},*/-]+)`/g;
/** Tutorials, whose paths are those of the reader's project. */
const TUTORIALS = /^docs\/(start\/|frameworks\.md)/;

/** Paths in code spans of one document that no tracked file has. */
function missingPaths(path, markdown) {
  const named = Array.from(markdown.matchAll(REPOSITORY_PATH), ([, text]) => text);
  const alternatives = (text) => {
    const [, before, choices, after] = text.match(/^(.*)\{(.*)\}(.*)$/) ?? [];
    return choices ? choices.split(",").map((choice) => before + choice + after) : [text];
  };
  const isTracked = (text) => {
    const name = text.replace(/\/$/, "").replaceAll(".", "\\.").replaceAll("*", "[^/]*");
    const pattern = new RegExp(`^${name}(/|$)`);
    return tracked.some((file) => pattern.test(file));
  };
  return named
    .flatMap(alternatives)
    .filter((text) => !isTracked(text))
    .map((text) => `${path}: ${text}`);
}

test("every path of the repository in a document exists", () => {
  assert.deepEqual(missingPaths("x.md", "`src/lib.rs` `ts/{index,no}.ts` `tests/*.rs` `ts/no/`"), [
    "x.md: ts/no.ts",
    "x.md: ts/no/",
  ]);
  const missing = Array.from(documents)
    .filter(([path]) => !TUTORIALS.test(path))
    .flatMap(([path, text]) => missingPaths(path, text));
  assert.deepEqual(missing, []);
});

test("every relative link of every document resolves in the repository", () => {
  const links = Array.from(documents.values()).flatMap(linksOf);
  assert.ok(links.length > 50, `only ${links.length} links were found`);
  assert.deepEqual(allBrokenLinks(tracked), []);
});

test("every relative link of a packed document resolves in the npm tarball", async () => {
  const [{ files }] = Object.values(
    JSON.parse(await outputOf("npm", "pack", "--dry-run", "--json", "--ignore-scripts")),
  );
  const packed = files.map(({ path }) => path);
  assert.ok(packed.includes("README.md"));
  assert.deepEqual(allBrokenLinks(packed), []);
});
