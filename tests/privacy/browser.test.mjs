// Real browsers with two servers of cells on two origins, and the network recorded.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { cellsHandler } from "../../pkg/privacy/server/index.js";
import { serveFetch } from "../../scripts/lib/http.mjs";
import { launchChromium, launchFirefox } from "../browser/launch.mjs";
import { serveSite } from "../browser/site.mjs";
import { makeCells, makeItems } from "./world.mjs";

const items = makeItems(300);
let site;
let cells;
before(async () => {
  site = await serveSite();
  cells = await makeCells(items, 20);
});
after(() => site?.close());

/** A static host of the files, and two servers of cells. */
async function openServers() {
  const files = await serveFetch(async (request) => {
    const bytes = cells.files.get(new URL(request.url).pathname.slice(1));
    const headers = { "access-control-allow-origin": "*" };
    return new Response(bytes ?? null, { status: bytes ? 200 : 404, headers });
  });
  const handler = await cellsHandler({
    read: async (name) => cells.files.get(name),
    origins: [site.origin],
  });
  // Firefox shows no bodies of bytes, so the servers record them.
  const bodies = [];
  const recording = async (request) => {
    if (request.method === "POST") {
      const bytes = [...new Uint8Array(await request.clone().arrayBuffer())];
      bodies.push({ host: request.headers.get("host"), bytes });
    }
    return handler(request);
  };
  return { files, hosts: [await serveFetch(recording), await serveFetch(recording)], bodies };
}

/** In the page: opens a mode, and leaves `sage` and `privacy` in `window`. */
async function openInPage(options) {
  const { openSage } = await import("pocketsage");
  const { openPrivacy } = await import("pocketsage/privacy");
  window.privacy = await openPrivacy(options);
  window.sage = await openSage({ dim: 16, retriever: window.privacy.retriever });
}

for (const [name, launch] of [
  ["Chromium", launchChromium],
  ["Firefox", launchFirefox],
])
  describe(name, () => {
    let browser;
    let servers;
    before(async () => {
      browser = await launch();
      servers = await openServers();
    });
    after(async () => {
      await browser?.close();
      await Promise.all([servers?.files, ...(servers?.hosts ?? [])].map((one) => one?.close()));
    });

    /** A page with its requests to other origins than the site's, preflights excepted. */
    const visit = async () => {
      const page = await browser.newPage();
      const requests = [];
      page.on("request", (request) => {
        if (!request.url().startsWith(site.origin) && request.method() !== "OPTIONS")
          requests.push({
            method: request.method(),
            url: request.url(),
            bytes: [...Buffer.from(request.url())],
          });
      });
      await page.goto(site.origin);
      return { page, requests };
    };
    const record = (page) =>
      page.evaluate(
        (actions) => window.sage.record(actions),
        items.slice(0, 3).map(([item, vector]) => ({ item, vector: [...vector] })),
      );
    const previewOf = (page) =>
      page.evaluate(async () =>
        (await window.sage.preview()).map(({ to, bytes }) => ({ url: to, bytes: [...bytes] })),
      );
    const sourceOf = () => ({ url: servers.files.origin });
    const addressesOf = () => servers.hosts.map(({ origin }) => `${origin}/v1/cells/xor`);

    test("local: no request follows an action", async () => {
      const { page, requests } = await visit();
      await page.evaluate(openInPage, { cells: sourceOf(), shard: 3 });
      await page.evaluate(() => window.privacy.release());
      const before = requests.length;
      assert.equal(before, 2 + 3);
      await record(page);
      assert.ok((await page.evaluate(() => window.sage.recommend())).length > 0);
      assert.equal(requests.length, before);
      await page.close();
    });

    for (const options of [
      { transport: "split" },
      { transport: "static", epsilon: 4, cap: 40 },
      { transport: "plain" },
    ])
      test(`${options.transport}: the requests are exactly those of preview()`, async () => {
        const { page, requests } = await visit();
        const isSplit = options.transport === "split";
        const hosts = isSplit ? { hosts: addressesOf() } : {};
        await page.evaluate(openInPage, { mode: "cells", cells: sourceOf(), ...options, ...hosts });
        await record(page);
        assert.equal(requests.length, 2, "manifest and codebook");
        const preview = await previewOf(page);
        const recommendations = await page.evaluate(() => window.sage.recommend());
        assert.ok(recommendations.length > 0);
        const sent = requests.slice(2);
        for (const request of sent)
          if (request.method === "POST")
            request.bytes = servers.bodies.find(
              ({ host }) => host === new URL(request.url).host,
            ).bytes;
        const sorted = (list) => list.map((one) => JSON.stringify(one)).sort();
        assert.deepEqual(sorted(sent.map(({ url, bytes }) => ({ url, bytes }))), sorted(preview));
        assert.equal(sent.length, isSplit ? 2 : 10);
        await page.evaluate(() => window.sage.recommend({ count: 50 }));
        assert.equal(requests.length, 2 + sent.length);
        await page.close();
      });

    test("one of two servers ends: a clear error, and no request instead", async () => {
      const { page, requests } = await visit();
      const options = { transport: "split", hosts: addressesOf() };
      await page.evaluate(openInPage, { mode: "cells", cells: sourceOf(), ...options });
      await record(page);
      await servers.hosts[1].close();
      const message = await page.evaluate(() =>
        window.sage.recommend().catch((error) => `${error.code}: ${error.message}`),
      );
      assert.match(message, /^retrieval: .*request failed.*No other request was sent instead/);
      assert.equal(requests.length, 4);
      await page.close();
    });
  });
