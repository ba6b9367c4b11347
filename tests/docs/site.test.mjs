// The documentation site: builds, has no dead link, requests nothing of other hosts, and searches
// offline. The sidebar has every page.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { buildSite, siteFolder } from "../../site/build.mjs";
import { sectionOf } from "../../site/commands.mjs";
import { filesBelow } from "../../site/files.mjs";
import { checkLinks } from "../../site/links.mjs";
import { addressOf, sidebarOf } from "../../site/navigation.mjs";
import { serveFolder } from "../../site/snippets/serve.mjs";
import { launchChromium } from "../browser/launch.mjs";

let built;
let site;
let browser;
before(async () => {
  built = await buildSite();
  [site, browser] = await Promise.all([serveFolder(siteFolder, siteFolder), launchChromium()]);
});
after(async () => {
  await browser?.close();
  await site?.close();
});

test("a new file appears in the sidebar by itself, a new folder as a group", () => {
  const pages = ["index.md", "start/new.md", "other/page.md", "decisions/0001-x.md"];
  const sidebar = sidebarOf(pages.map((path) => ({ path, title: `Title of ${path}` })));
  const links = sidebar.map(({ text, items }) => [text, items.map(({ link }) => link)]);
  assert.deepEqual(links, [
    ["Decide", ["/"]],
    ["Get started", ["/start/new"]],
    ["other", ["/other/page"]],
  ]);
  assert.equal(addressOf("decisions/index.md"), "/decisions/");
});

test("labels of links are titles of pages, and no names of files", async () => {
  for (const file of await filesBelow(siteFolder, "", ".html")) {
    if (/^(rust|decisions|project)\//.test(file)) continue;
    const html = await readFile(join(siteFolder, file), "utf8");
    const labels = Array.from(html.matchAll(/<a [^>]*>([^<]*\.md)<\/a>/g), ([, label]) => label);
    assert.deepEqual(labels, [], file);
  }
});

test("the options of all commands have a heading each, from their help texts", async () => {
  const html = await readFile(join(siteFolder, "cli-options.html"), "utf8");
  for (const name of ["--near-duplicates WHAT", "--no-recall", "--near SCORE", "--min-retention"])
    assert.match(html, new RegExp(`<h3[^>]*><code>[^<]*${name}`));
  const help =
    "Read.\n\nOptions\n  -o, --out FILE  where\n                  to\n      --json\n\nEnd\n";
  assert.equal(
    sectionOf(help),
    "```text\nRead.\n```\n\n### `-o, --out FILE`\n\n::: v-pre\nwhere to\n:::\n\n### `--json`\n\n" +
      "::: v-pre\n\n:::\n\n```text\nEnd\n```",
  );
});

test("the reference has no members of other packages", async () => {
  const html = await readFile(join(siteFolder, "api/index.html"), "utf8");
  assert.doesNotMatch(html, /captureStackTrace|stackTraceLimit/);
  assert.match(html, /six calls/);
});

test("every link of every page resolves, with its anchor", async () => {
  assert.ok(built.pages > 60, `only ${built.pages} pages`);
  const { links, problems } = await checkLinks(siteFolder);
  assert.ok(links > 3000, `only ${links} links were found`);
  assert.deepEqual(problems, []);
});

test("pages request nothing of other hosts, and have no error", async () => {
  const page = await browser.newPage();
  const problems = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(site.origin) && !url.startsWith("data:")) problems.push(url);
  });
  for (const path of ["/", "/concepts/interests.html", "/figures.html", "/api/"])
    await page.goto(site.origin + path, { waitUntil: "networkidle" });
  assert.deepEqual(problems, []);
  await page.close();
});

test("the search finds an option without a server", async () => {
  const page = await browser.newPage();
  await page.goto(site.origin, { waitUntil: "networkidle" });
  await page.locator("#local-search button").click();
  await page.locator(".VPLocalSearchBox input").fill("halfLifeDays");
  const first = page.locator(".VPLocalSearchBox .result").first();
  await first.waitFor({ timeout: 30_000 });
  assert.match(await page.locator(".VPLocalSearchBox .results").textContent(), /Time|options/i);
  await page.close();
});
