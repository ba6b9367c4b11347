// A Vite build of somebody's page, opened in headless Chromium: on the page itself, and in a Web Worker.
import assert from "node:assert/strict";
import { createReadStream, existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { build } from "vite";
import { actions, expected, now, PROGRAM, project } from "./project.mjs";

const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".wasm": "application/wasm",
  ".sage": "application/octet-stream",
};
const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
];
ARGS.push("--disable-component-update", "--disable-sync");

const { path, put } = await project();
let server;
let browser;
let url;

before(
  async () => {
    const head = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">`;
    await put("index.html", `${head}<script type="module" src="./main.js"></script>`);
    await put(
      "main.js",
      `import * as pocketsage from "pocketsage";
       import emoji from "pocketsage/emoji.sage?url";
       const actions = ${JSON.stringify(actions)};
       const bytes = async () => new Uint8Array(await (await fetch(emoji)).arrayBuffer());
       globalThis.onPage = async () => (${PROGRAM})(pocketsage, await bytes(), actions, ${now});
       globalThis.inWorker = async () => {
         const sage = await pocketsage.connectSage(new Worker(new URL("./worker.js", import.meta.url), { type: "module" }));
         await sage.record(actions);
         const { interests } = await sage.profile();
         const recommendations = await sage.recommend();
         return { interests: interests.map(({ medoid, importance, items }) => ({ medoid, importance, items })), recommendations };
       };`,
    );
    await put(
      "worker.js",
      `import { Catalogue, openSage, serveSage } from "pocketsage";
       import emoji from "pocketsage/emoji.sage?url";
       serveSage(async () => openSage({ catalogue: await Catalogue.fetch(emoji), now: () => ${now} }));`,
    );
    await build({
      root: path,
      base: "./",
      logLevel: "error",
      configFile: false,
      worker: { format: "es" },
      build: { target: "es2022" },
    });
    const dist = join(path, "dist");
    server = createServer((request, response) => {
      const file = join(
        dist,
        new URL(request.url, "http://page").pathname.replace(/\/$/, "/index.html"),
      );
      if (!existsSync(file)) return response.writeHead(404).end();
      response.writeHead(200, {
        "content-type": TYPES[extname(file)] ?? "application/octet-stream",
      });
      createReadStream(file).pipe(response);
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${server.address().port}/`;
    browser = await chromium.launch({
      executablePath: process.env.CHROMIUM_PATH ?? "/usr/bin/chromium",
      args: ARGS,
      timeout: 60_000,
    });
  },
  { timeout: 120_000 },
);
after(async () => {
  await browser?.close();
  server?.closeAllConnections();
  server?.close();
});

test("the build carries one .wasm and one catalogue along", async () => {
  const assets = await readdir(join(path, "dist", "assets"));
  assert.equal(assets.filter((name) => name.endsWith(".wasm")).length, 1, assets.join());
  assert.equal(assets.filter((name) => name.endsWith(".sage")).length, 1, assets.join());
});

for (const where of ["onPage", "inWorker"]) {
  test(`${where}: the same answer as Node, and no complaint in the console`, {
    timeout: 60_000,
  }, async () => {
    const page = await browser.newPage();
    const complaints = [];
    page.on(
      "console",
      (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()),
    );
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("requestfailed", (request) => complaints.push(request.url()));
    await page.goto(url, { waitUntil: "load", timeout: 30_000 });
    assert.deepEqual(await page.evaluate((name) => globalThis[name](), where), await expected());
    assert.deepEqual(complaints, []);
    await page.close();
  });
}
