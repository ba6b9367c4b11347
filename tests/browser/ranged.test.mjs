// pocketsage/ranged in Chromium and Firefox: range requests, the Cache API, files of the origin.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { servePackage, serveRanges } from "../../scripts/lib/range-server.mjs";
import { buildRanged, PATH } from "../js/ranged-world.mjs";
import { launchChromium, launchFirefox } from "./launch.mjs";

const BROWSERS = { Chromium: launchChromium, Firefox: launchFirefox };

for (const [name, launch] of Object.entries(BROWSERS))
  describe(`ranges in ${name}`, { timeout: 120_000 }, () => {
    let world;
    let server;
    let browser;
    let expected;
    before(async () => {
      world = await buildRanged({ n: 3000, dim: 32, precision: "compact" });
      server = await serveRanges({ [PATH]: world.bytes }, { fallback: servePackage });
      browser = await launch();
      const hits = world.catalogue.search(world.vectors[7], { count: 5, exact: true });
      expected = hits.map(({ item }) => item);
    });
    after(async () => {
      await browser?.close();
      await server?.close();
    });

    /** Runs a function in a new page of a new profile with the query, and closes it. */
    async function inPage(use, prepare = async () => undefined) {
      const context = await browser.newContext();
      try {
        const page = await context.newPage();
        await page.goto(server.origin);
        await prepare(page, context);
        return await page.evaluate(use, { path: PATH, query: [...world.vectors[7]] });
      } finally {
        await context.close();
      }
    }

    test("hits equal the exact scan; a second visit reads only the head", async () => {
      const { first, second } = await inPage(async ({ path, query }) => {
        const { openRanged } = await import("pocketsage/ranged");
        const url = new URL(path, location.href);
        const visit = async () => {
          const catalogue = await openRanged(url);
          const hits = await catalogue.search(query, { count: 5 });
          const { mode, traffic } = catalogue;
          return { mode, traffic, items: hits.map(({ item }) => item) };
        };
        const first = await visit();
        // Writes to the cache are not awaited by searches.
        const cache = await caches.open("pocketsage-ranges");
        const isComplete = async () => {
          const names = (await cache.keys()).map(({ url }) => url.split("/").at(-1));
          return names.some((name) => name.startsWith("block-")) && names.includes("section-5");
        };
        for (let wait = 0; wait < 200 && !(await isComplete()); wait += 1)
          await new Promise((resolve) => setTimeout(resolve, 25));
        return { first, second: await visit() };
      });
      assert.deepEqual([first.mode, first.items, second.items], ["ranges", expected, expected]);
      assert.equal(first.traffic.cache, "on");
      assert.ok(second.traffic.requests <= 2, `${second.traffic.requests} requests`);
      assert.ok(second.traffic.cachedBlocks > 0);
    });

    test("a sage recommends by ranges", async () => {
      const items = await inPage(async ({ path }) => {
        const [{ openRanged }, { openSage }] = await Promise.all([
          import("pocketsage/ranged"),
          import("pocketsage"),
        ]);
        const { dim, retriever, vectors } = await openRanged(new URL(path, location.href));
        const sage = await openSage({ dim, retriever, vectors });
        await sage.record(["item-1", "item-151"].map((item) => ({ item })));
        return (await sage.recommend({ count: 4 })).map(({ item }) => item);
      });
      assert.equal(items.length, 4);
      assert.ok(!items.includes("item-1"));
    });

    test("a refused or full cache is no error", async () => {
      const states = await inPage(async ({ path, query }) => {
        const { openRanged } = await import("pocketsage/ranged");
        const visit = async () => {
          const catalogue = await openRanged(new URL(path, location.href));
          const hits = await catalogue.search(query, { count: 5 });
          for (let wait = 0; wait < 100 && catalogue.traffic.cache === "on"; wait += 1)
            await new Promise((resolve) => setTimeout(resolve, 10));
          return [catalogue.traffic.cache, hits.map(({ item }) => item)];
        };
        Cache.prototype.put = () => Promise.reject(new DOMException("", "QuotaExceededError"));
        const full = await visit();
        CacheStorage.prototype.open = () => Promise.reject(new DOMException("", "SecurityError"));
        return { full, refused: await visit() };
      });
      assert.deepEqual(states, { full: ["full", expected], refused: ["refused", expected] });
    });

    test("a file of the origin private file system", async () => {
      const items = await inPage(async ({ path, query }) => {
        const { blobSource, openRanged } = await import("pocketsage/ranged");
        const folder = await navigator.storage.getDirectory();
        const handle = await folder.getFileHandle("items.sage", { create: true });
        const writable = await handle.createWritable();
        await writable.write(await (await fetch(path)).arrayBuffer());
        await writable.close();
        const catalogue = await openRanged(blobSource(await handle.getFile(), "items.sage"));
        const found = (await catalogue.search(query, { count: 5 })).map(({ item }) => item);
        // The file is changed under way: reads of it fail, and nothing wrong is returned.
        const again = await handle.createWritable();
        await again.write(new Uint8Array(100));
        await again.close();
        const code = await catalogue.search(query.map((value) => -value)).then(
          () => "none",
          (error) => error.code,
        );
        return { found, code };
      });
      assert.deepEqual(items, { found: expected, code: "retrieval" });
    });

    test("signals abort requests; a server without ranges gives the whole file", async () => {
      const result = await inPage(async ({ path, query }) => {
        const { httpSource, openRanged } = await import("pocketsage/ranged");
        await import("pocketsage"); // has the address of the wasm, which reads a whole file
        const url = new URL(path, location.href);
        const catalogue = await openRanged(url, { cache: false });
        const aborted = await catalogue.search(query, { signal: AbortSignal.timeout(0) }).then(
          () => "none",
          (error) => error.code,
        );
        const withoutRanges = (request) => fetch(request.url);
        const whole = await openRanged(httpSource(url, { fetch: withoutRanges }));
        const hits = await whole.search(query, { count: 5 });
        return { aborted, mode: whole.mode, items: hits.map(({ item }) => item) };
      });
      assert.ok(["aborted", "none"].includes(result.aborted));
      assert.deepEqual([result.mode, result.items], ["whole", expected]);
    });
  });
