// Every program in README.md and in the guides listed below runs and has the documented result.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { launchChromium } from "../browser/launch.mjs";
import { serveSite } from "../browser/site.mjs";

const root = new URL("../../", import.meta.url);
const documents = [
  "README.md",
  "docs/usage.md",
  "docs/start/web-worker.md",
  "docs/remote.md",
  "docs/evaluate.md",
  "docs/frameworks.md",
  "docs/privacy.md",
  "docs/vault.md",
  "docs/export.md",
];
const texts = await Promise.all(documents.map((name) => readFile(new URL(name, root), "utf8")));
const programs = texts.flatMap((text) =>
  [...text.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code),
);
const tested = new Set();

/** The one program that contains these words. */
function program(words) {
  const found = programs.filter((code) => code.includes(words));
  assert.equal(found.length, 1, `${found.length} programs contain ${words}`);
  tested.add(found[0]);
  return found[0];
}

/** Output of a program in Node. In the root of the repository "pocketsage" is this package. */
async function outputOf(code) {
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

/**
 * The value that a module sets as window.answer in a page, which serves the emoji catalogue and the
 * worker at the paths of the documents.
 */
async function answerOfPage(code) {
  const page = await browser.newPage();
  const emoji = await readFile(new URL("www/public/emoji.sage", root));
  await page.route("**/*.sage", (route) =>
    route.fulfill({ body: emoji, contentType: "application/octet-stream" }),
  );
  // Import maps do not apply to workers.
  const worker = program("serveSage(async").replace('"pocketsage"', '"/pkg/entry/browser.js"');
  await page.route("**/sage-worker.js", (route) =>
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

test("README, first program: ten recommendations because of three actions", async () => {
  const lines = (await outputOf(program("import.meta.resolve"))).trim().split("\n");
  assert.equal(lines.length, 10);
  assert.ok(lines.some((line) => /^.+ because of 🍕$/u.test(line)));
  assert.ok(lines.some((line) => line.endsWith("⚽️")) && lines.some((line) => line.endsWith("🐶")));
});

test("README: in the browser", async () => {
  const answer = await answerOfPage(`
    ${program('await sage.record({ item: "1F355", kind: "save" })')}
    const { actions } = await sage.profile();
    window.answer = { picks: picks.length, preview: await sage.preview(), actions };
  `);
  assert.deepEqual(answer, { picks: 20, preview: [], actions: 0 });
});

test("in a Web Worker", async () => {
  const answer = await answerOfPage(`
    ${program("await connectSage(worker)").replace("tea-0", "1F355")}
    window.answer = (await sage.recommend({ count: 3 })).length;
  `);
  assert.equal(answer, 3);
});

test("README: a catalogue of own items", async () => {
  const shown = "console.log(hits.map(({ item }) => item), bytes.length > 500);";
  const output = await outputOf(`${program("const hits = catalogue.search(query")}\n${shown}`);
  assert.match(output, /^\[ 'tea' \] true/);
});

test("README: texts without embeddings", async () => {
  const folder = await mkdtemp(join(tmpdir(), "pocketsage-texts-"));
  try {
    const readme = texts[0];
    const [, lines] = /^```jsonl\n(.*?)^```$/ms.exec(readme);
    const command = /^npx pocketsage (build texts\.jsonl .*)$/m.exec(readme)[1].split(" ");
    await writeFile(join(folder, "texts.jsonl"), lines);
    const cli = fileURLToPath(new URL("pkg/cli/main.js", root));
    await promisify(execFile)(process.execPath, [cli, ...command], { cwd: folder });
    const code = program("await words.record({ text").replace(
      '"texts.sage"',
      JSON.stringify(join(folder, "texts.sage")),
    );
    assert.match(await outputOf(`${code}\nconsole.log(found[0].item)`), /^b1/);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("usage: a catalogue with filters that changes", async () => {
  const code = program("catalogue.searchMany([query");
  const printed = code.replace("; // tea", ".forEach(({ item }) => console.log(item));");
  const end = `
    const items = catalogue.search(query).map(({ item }) => item);
    console.log(catalogue.size, items, bytes.length > 500);`;
  assert.match(await outputOf(printed + end), /^tea\n2 \[ 'tea', 'cup' \] true/);
});

test("usage: a list ranked by taste, in which an unknown item keeps its place", async () => {
  const lines = (await outputOf(program("await sage.rank("))).split("\n");
  assert.equal(lines[0], "[ 'tea', 'new', 'mug', 'bike' ]");
  assert.equal(lines[1], "[ 'bike', 'new', 'mug', 'tea' ]");
});

test("usage: without a catalogue, preview() shows the queries", async () => {
  const output = await outputOf(program("const retriever = async"));
  assert.match(output, /says:/);
  assert.match(output, /item: 'a'/);
});

test("usage: a memory budget", async () =>
  assert.equal(await outputOf(program("setMemoryBudget(")), ""));

test("usage: cluster and ward", async () =>
  assert.match(await outputOf(program("cluster(points")), /Int32Array\(3\) \[ 0, 0, 1 \]/));

test("evaluate: names, comparison, replay and interleaving", async () => {
  assert.match(await outputOf(program("nameInterests(await")), /^\[ 'tea'/);
  assert.match(await outputOf(program("compareLists(now")), /removed: \[ 'item-1' \]/);
  assert.match(await outputOf(program("await replay(")), /^\[ 'item-7' \] [01]\n$/);
  assert.match(await outputOf(program("creditTeams(shown")), /^3 \{ a: 0, b: 1 \}/);
});

test("frameworks: a listener without a framework", async () => {
  const output = await outputOf(program("subscribe(show)"));
  assert.match(output, /^interests: 1\n(interests: 0\n)+$/); // at least once for each change
});

test("remote: preview() shows the request to the engine", async () => {
  const output = await outputOf(program("qdrant({ url"));
  assert.match(output, /points\/query\/batch \{"searches":\[\{"query":17,"limit":201,.*"lte":50/);
});

test("the program of docs/privacy.md plans, sends nothing, and recommends", async () => {
  const output = await outputOf(program("openPrivacy"));
  assert.deepEqual(output.trim().split("\n"), ["split", "[]", "mug"]);
});

test("the program of docs/vault.md seals a profile and opens it again", async () => {
  const output = await outputOf(program("encryptedStore(disk"));
  assert.deepEqual(output.trim().split("\n"), ["false", "1", "option"]);
});

test("the program of docs/vault.md syncs two devices", async () => {
  const output = await outputOf(program("{ sync }"));
  assert.deepEqual(output.trim().split("\n"), ["tea", "2 4096"]);
});

test("the program of docs/vault.md stores nothing without consent", async () => {
  const output = await outputOf(program("consentGate({"));
  assert.deepEqual(output.trim().split("\n"), ["aborted", "undefined"]);
});

test("the program of docs/export.md exports and reads it back", async () => {
  const output = await outputOf(program("exportJson"));
  assert.deepEqual(output.trim().split("\n"), ["2026-03-01T12:00:00.000Z", "tea"]);
});

// Those with `openFor` are tested in tests/frameworks, `bucketStore` in tests/edge/sync.test.mjs.
test("every program of the documents is tested", () => {
  const untested = programs.filter(
    (code) => !tested.has(code) && !/serveSage\(async|openFor|bucketStore/.test(code),
  );
  assert.deepEqual(untested, []);
});
