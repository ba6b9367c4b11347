// The examples with a page that need no installation of their own, in headless Chromium.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { build } from "vite";
import { launchChromium } from "../browser/launch.mjs";
import { openPage, tapFirst } from "./page.mjs";
import { createExamples, serveFolder } from "./project.mjs";

const { copy } = await createExamples(["react", "react-dom"]);
let browser;
before(async () => {
  browser = await launchChromium();
});
after(() => browser?.close());

/** Serves a folder for a test. Resolves to its URL and a browser context. */
async function open(t, folder) {
  const site = await serveFolder(folder);
  t.after(site.close);
  const context = await browser.newContext();
  t.after(() => context.close());
  return { context, url: site.url };
}

/** Builds an example with Vite; resolves to the folder of the built page. */
async function buildExample(name) {
  const folder = await copy(name);
  await build({ root: folder, logLevel: "error" });
  return join(folder, "dist");
}

test("html-only", { timeout: 120_000 }, async (t) => {
  const { context, url } = await open(t, await copy("html-only"));
  const { page, complaints } = await openPage(context, url);
  const { after: list } = await tapFirst(page, 24);
  await page.reload();
  await page.locator("main button").nth(23).waitFor();
  const texts = await page.locator("main button").allTextContents();
  assert.deepEqual(
    texts.map((text) => text.trim()),
    list,
    "the history is kept",
  );
  assert.deepEqual(complaints, []);
});

test("service-worker, also without a network", { timeout: 120_000 }, async (t) => {
  const { context, url } = await open(t, await copy("service-worker"));
  const { page, complaints } = await openPage(context, url);
  await tapFirst(page, 24);
  assert.deepEqual(complaints, []);
  await page.reload(); // all files now come through the worker
  const { after: list } = await tapFirst(page, 24);
  await context.setOffline(true);
  await page.reload();
  await page.locator("main button").nth(23).waitFor();
  assert.deepEqual(await page.locator("main button").allTextContents(), list);
  await tapFirst(page, 24);
});

test("vite-vanilla, in a Web Worker, also in a second tab", { timeout: 120_000 }, async (t) => {
  const { context, url } = await open(t, await buildExample("vite-vanilla"));
  const { page, complaints } = await openPage(context, url);
  await page.locator("main button").nth(23).waitFor();
  const { page: other, complaints: others } = await openPage(context, url);
  const { before: list } = await tapFirst(other, 24);
  await page.waitForFunction(
    (first) => document.querySelector("main button").textContent !== first,
    list[0],
  );
  assert.deepEqual([...complaints, ...others], []);
});

test("react", { timeout: 120_000 }, async (t) => {
  const { context, url } = await open(t, await buildExample("react"));
  const { page, complaints } = await openPage(context, url);
  await tapFirst(page, 24, "main div button");
  await page.getByText("1 interests").waitFor();
  await page.locator("input").fill("0.8");
  await page.locator("#forget").click();
  await page.getByText("0 interests").waitFor();
  assert.deepEqual(complaints, []);
});
