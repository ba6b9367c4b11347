// Every program in the README runs, and does what the README says.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { launchChromium } from "../browser/chromium.mjs";
import { serveSite } from "../browser/site.mjs";

const root = new URL("../../", import.meta.url);
const readme = await readFile(new URL("README.md", root), "utf8");
const programs = [...readme.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code);

/** The one program with these words. */
function program(words) {
  const found = programs.filter((code) => code.includes(words));
  assert.equal(found.length, 1, `${found.length} programs of the README contain ${words}`);
  return found[0];
}

/** What a program prints in Node, run from the root of the repository, where "pocketsage" is this package. */
async function printed(code) {
  const args = ["--input-type=module", "--eval", code];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: fileURLToPath(root),
    timeout: 30_000,
  });
  return stdout;
}

let site;
let browser;
before(async () => {
  [site, browser] = await Promise.all([serveSite(), launchChromium()]);
});
after(async () => {
  await browser?.close();
  await site?.close();
});

/** A page that serves the emoji catalogue and the worker as the README assumes, after it ran a module. */
async function pageThatRan(code) {
  const page = await browser.newPage();
  const emoji = await readFile(new URL("www/public/emoji.sage", root));
  await page.route("**/emoji.sage", (route) =>
    route.fulfill({ body: emoji, contentType: "application/octet-stream" }),
  );
  // Workers know no import map.
  const worker = program("serveSage(async").replace('"pocketsage"', '"/pkg/entry/browser.js"');
  await page.route("**/worker.js", (route) =>
    route.fulfill({ body: worker, contentType: "text/javascript" }),
  );
  await page.goto(site.origin);
  await page.addScriptTag({
    type: "module",
    content: code.replace("import.meta.url", "location.href"),
  });
  await page.waitForFunction("window.answer !== undefined", undefined, { timeout: 30_000 });
  const answer = await page.evaluate("window.answer");
  await page.close();
  return answer;
}

test("every program of the README is run here", () => assert.equal(programs.length, 8));

test("the first screen: ten recommendations because of three things", async () => {
  const lines = (await printed(program("import.meta.resolve"))).trim().split("\n");
  assert.equal(lines.length, 10);
  assert.ok(lines.some((line) => /^.+ because of 🍕$/u.test(line)));
  assert.ok(lines.some((line) => line.endsWith("⚽️")) && lines.some((line) => line.endsWith("🐶")));
});

test("in the browser", async () => {
  const answer = await pageThatRan(`
    ${program('await sage.record({ item: "1F355", kind: "save" })')}
    window.answer = { picks: picks.length, preview: await sage.preview(), left: (await sage.profile()).actions };
  `);
  assert.deepEqual(answer, { picks: 20, preview: [], left: 0 });
});

test("in a worker", async () => {
  const answer = await pageThatRan(`
    ${program("connectSage(new Worker")}
    await sage.record({ item: "1F355" });
    window.answer = (await sage.recommend({ count: 3 })).length;
  `);
  assert.equal(answer, 3);
});

test("a catalogue with filters that changes", async () => {
  const shows =
    "console.log(catalogue.size, catalogue.search(query).map(({ item }) => item), bytes.length > 500);";
  const found = await printed(
    `${program("catalogue.searchMany([query").replace(/; \/\/ tea/, ".forEach(({ item }) => console.log(item));")}\n${shows}`,
  );
  assert.match(found, /^tea\n3 \[ 'tea', 'cup', 'mug' \] true/);
});

test("without a catalogue: the preview shows what leaves", async () => {
  const output = await printed(program("const retriever = async"));
  assert.match(output, /says:/);
  assert.match(output, /item: 'a'/);
});

test("the pieces", async () =>
  assert.match(await printed(program("cluster(points")), /Int32Array\(3\) \[ 0, 0, 1 \]/));

test("docs/figures.md has the markers that `npm run bench -- --figures` writes between", async () => {
  const figures = await readFile(new URL("docs/figures.md", root), "utf8");
  assert.match(figures, /^<!-- ward:begin -->\n\| \| n = 100 \|[^]*^<!-- ward:end -->$/m);
  assert.match(
    figures,
    /^<!-- catalogue:begin -->\n\| \| mixture[^]*^- PocketSage, mixture[^]*^<!-- catalogue:end -->$/m,
  );
});

test("an engine elsewhere: the preview shows its own request", async () => {
  const output = await printed(program("qdrant({ url"));
  assert.match(output, /points\/query\/batch \{"searches":\[\{"query":17,"limit":201,.*"lte":50/);
});
