// A Vite build of a page that imports the installed package, in headless Chromium: on the page
// itself, and in a Web Worker.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { after, before, test } from "node:test";
import { build } from "vite";
import { launchChromium } from "../browser/launch.mjs";
import { actions, createProject, expectedResult, now, PROGRAM_SOURCE } from "./consumer.mjs";

const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".wasm": "application/wasm",
  ".sage": "application/octet-stream",
};
const HTML = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
  <script type="module" src="./main.js"></script>`;
const MAIN = `
  import * as pocketsage from "pocketsage";
  import emoji from "pocketsage/emoji.sage?url";
  const actions = ${JSON.stringify(actions)};
  const program = ${PROGRAM_SOURCE};
  globalThis.onPage = async () => {
    const bytes = new Uint8Array(await (await fetch(emoji)).arrayBuffer());
    return program(pocketsage, bytes, actions, ${now});
  };
  globalThis.inWorker = async () => {
    const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    const openSage = () => pocketsage.connectSage(worker);
    const Catalogue = { fromBytes: () => undefined }; // the worker has the catalogue
    return program({ openSage, Catalogue }, undefined, actions, ${now});
  };`;
const WORKER = `
  import { Catalogue, openSage, serveSage } from "pocketsage";
  import emoji from "pocketsage/emoji.sage?url";
  serveSage(async () => {
    const catalogue = await Catalogue.fetch(emoji);
    return openSage({ catalogue, now: () => ${now} });
  });`;

const { path, put } = await createProject();
const dist = join(path, "dist");
let server;
let browser;
let url;

before(
  async () => {
    await put("index.html", HTML);
    await put("main.js", MAIN);
    await put("worker.js", WORKER);
    await build({
      root: path,
      base: "./",
      logLevel: "error",
      configFile: false,
      worker: { format: "es" },
      build: { target: "es2022" },
    });
    server = createServer(async (request, response) => {
      const { pathname } = new URL(request.url, "http://page");
      const file = join(dist, pathname.replace(/\/$/, "/index.html"));
      const bytes = await readFile(file).catch(() => undefined);
      if (bytes === undefined) return response.writeHead(404).end();
      const type = TYPES[extname(file)] ?? "application/octet-stream";
      response.writeHead(200, { "content-type": type }).end(bytes);
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${server.address().port}/`;
    browser = await launchChromium();
  },
  { timeout: 120_000 },
);
after(async () => {
  await browser?.close();
  server?.closeAllConnections();
  server?.close();
});

test("the build has one .wasm file and one catalogue", async () => {
  const assets = await readdir(join(dist, "assets"));
  assert.equal(assets.filter((name) => name.endsWith(".wasm")).length, 1, assets.join());
  assert.equal(assets.filter((name) => name.endsWith(".sage")).length, 1, assets.join());
});

for (const where of ["onPage", "inWorker"]) {
  test(`${where}: the same result as Node, without a warning in the console`, {
    timeout: 60_000,
  }, async () => {
    const page = await browser.newPage();
    const complaints = [];
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("requestfailed", (request) => complaints.push(request.url()));
    await page.goto(url, { waitUntil: "load", timeout: 30_000 });
    const result = await page.evaluate((name) => globalThis[name](), where);
    assert.deepEqual(result, await expectedResult());
    assert.deepEqual(complaints, []);
    await page.close();
  });
}
