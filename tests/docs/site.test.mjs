// The documentation site: builds, has no dead link, requests nothing of other hosts, and searches
// offline. The sidebar has every page.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { buildSite, siteFolder } from "../../site/build.mjs";
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
