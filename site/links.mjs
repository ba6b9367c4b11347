// Checks the built site: every link and anchor within it exists, and no page loads anything from
// another host.
import { readFile } from "node:fs/promises";
import { join, posix } from "node:path";
import { filesBelow } from "./files.mjs";

const ATTRIBUTE = /\s(href|src|srcset|poster|action)="([^"]*)"/g;
const LOADS =
  /<(?:script|img|iframe|video|audio|source|link)\s[^>]*\s(?:src|href)="(?:https?:)?\/\//g;

/**
 * Checks all pages. Resolves to `{ links, problems }`: how many links within the site were checked,
 * and what is wrong. `base` is the path at which the site is served. rustdoc's own pages are not
 * checked, links to them are.
 */
export async function checkLinks(folder, base = "/") {
  const files = new Set(await filesBelow(folder, "", ""));
  const pages = new Map();
  for (const file of files) {
    if (file.endsWith(".html") && !file.startsWith("rust/"))
      pages.set(file, await readFile(join(folder, file), "utf8"));
  }
  const anchors = new Map(
    Array.from(pages, ([file, html]) => [
      file,
      new Set(Array.from(html.matchAll(/\s(?:id|name)="([^"]+)"/g), ([, id]) => decode(id))),
    ]),
  );
  let links = 0;
  const problems = [];
  for (const [file, html] of pages) {
    for (const [element] of html.matchAll(LOADS)) problems.push(`${file}: loads ${element}`);
    for (const [, , address] of html.matchAll(ATTRIBUTE)) {
      const target = decode(address);
      if (/^[a-z][a-z0-9+.-]*:/i.test(target)) continue;
      links += 1;
      const [path, anchor] = target.split("#");
      const to = fileOf(path, file, base, files);
      if (!to) problems.push(`${file}: ${target} is no page`);
      else if (anchor && anchors.has(to) && !anchors.get(to).has(decodeURIComponent(anchor)))
        problems.push(`${file}: ${target} is no heading there`);
    }
  }
  return { links, problems };
}

/** The file that an address of a page leads to; undefined if there is none. */
function fileOf(path, from, base, files) {
  if (path === "") return from;
  const absolute = path.startsWith("/")
    ? path.startsWith(base) && path.slice(base.length)
    : posix.join(posix.dirname(from), path);
  if (absolute === false) return undefined;
  const plain = decodeURIComponent(absolute.split("?")[0]).replace(/^\.$/, "");
  return [plain, `${plain}.html`, posix.join(plain, "index.html")].find((file) => files.has(file));
}

const decode = (text) =>
  text.replaceAll("&amp;", "&").replaceAll("&quot;", '"').replaceAll("&lt;", "<");
