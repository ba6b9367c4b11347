// The built package in a browser, with its IndexedDB, its workers and its wasm loader. More than
// 400 lines: the tests share one browser and one site.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { serveSite } from "./site.mjs";

/**
 * Defines the tests. `launch` opens the browser. `limitQuota(page, origin)` makes the storage of
 * the origin small and resolves to a function that makes room again.
 */
export function testPackage(launch, limitQuota) {
  let site;
  let browser;
  let context;
  let page;
  const requests = [];

  before(async () => {
    [site, browser] = await Promise.all([serveSite(), launch()]);
  });
  after(async () => {
    await browser?.close();
    await site?.close();
  });
  beforeEach(async () => {
    context = await browser.newContext();
    context.setDefaultTimeout(20_000);
    context.on("request", (request) => requests.push(request.url()));
    requests.length = 0;
    page = await open();
  });
  afterEach(() => context.close());

  /**
   * Opens a page of the site. An uncaught error in the page fails the running test; Firefox also
   * reports a request that the policy blocks as one.
   */
  async function open() {
    const opened = await context.newPage();
    opened.on("pageerror", (error) => {
      if (!/^Content-Security-Policy: .*blocked/.test(error.stack))
        assert.fail(`uncaught in the page: ${error.stack}`);
    });
    await opened.goto(site.origin);
    await opened.evaluate(prepare);
    return opened;
  }

  test("record, profile and recommend work, and fetch only the wasm", async () => {
    const before = requests.length;
    const result = await page.evaluate(async () => {
      const sage = await openMine();
      await sage.record(actionsOn("food-1", "sport-1", "food-2", "animal-1"));
      const { interests } = await sage.profile();
      return {
        medoids: interests.map(({ medoid }) => medoid),
        recommendations: await sage.recommend({ count: 9 }),
        preview: await sage.preview(),
      };
    });
    assert.equal(result.medoids.length, 3);
    assert.equal(result.recommendations.length, 9);
    for (const { item, because } of result.recommendations)
      assert.equal(item.split("-")[0], because.medoid.split("-")[0]);
    assert.deepEqual(result.preview, []);
    assert.deepEqual(
      requests.slice(before).map((url) => new URL(url).pathname),
      ["/pkg/wasm/core_bg.wasm"],
      "requested paths",
    );
  });

  test("a profile survives a reload", async () => {
    await page.evaluate(async () => {
      const sage = await openMine();
      await sage.record(actionsOn("food-1", "sport-1"));
      await sage.hide("food-2");
    });
    await page.reload();
    await page.evaluate(prepare);
    const again = await page.evaluate(async () => {
      const sage = await openMine();
      return {
        items: await itemsOf(sage),
        recommendations: (await sage.recommend({ count: 60 })).map(({ item }) => item),
      };
    });
    assert.deepEqual(again.items, ["food-1", "sport-1"]);
    assert.ok(
      again.recommendations.includes("food-3") && !again.recommendations.includes("food-2"),
    );
  });

  test("two pages writing at the same moment lose nothing", async () => {
    const other = await open();
    const write = async (theme) => {
      const sage = await openMine();
      for (let number = 0; number < 20; number++) await sage.record({ item: `${theme}-${number}` });
    };
    await Promise.all([page.evaluate(write, "food"), other.evaluate(write, "sport")]);
    const count = await page.evaluate(async () => (await (await openMine()).profile()).actions);
    assert.equal(count, 40);
  });

  test("another tab sees a change within 100 ms", async () => {
    const other = await open();
    await other.evaluate(async () => {
      window.sage = await openMine();
      // Resolves to the time at which the profile has this number of actions.
      window.seenAt = async (count) => {
        while ((await sage.profile()).actions !== count)
          await new Promise((done) => setTimeout(done, 1));
        return Date.now();
      };
      await seenAt(0);
    });
    await page.evaluate(async () => void (window.sage = await openMine()));
    const times = [];
    for (let round = 0; round < 5; round++) {
      for (const [method, count] of [
        ["record", 1],
        ["forget", 0],
      ]) {
        const seen = other.evaluate((expected) => seenAt(expected), count);
        const done = await page.evaluate(async (name) => {
          await sage[name](name === "record" ? { item: "food-1" } : "food-1");
          return Date.now(); // both pages share the clock of the machine
        }, method);
        times.push((await seen) - done);
      }
    }
    const median = times.toSorted((a, b) => a - b)[times.length >> 1];
    assert.ok(median <= 100, `${times} ms`);
  });

  test("another tab neither uses, exports nor sends what was forgotten", async () => {
    const other = await open();
    await other.evaluate(async () => {
      window.queries = [];
      const retriever = async (given) => given.map((query) => void queries.push(query) ?? []);
      window.sage = await openMine({ retriever });
      await sage.record(actionsOn("food-1", "sport-1"));
      await sage.recommend();
    });
    assert.ok(await other.evaluate(() => queries.splice(0).some(({ item }) => item === "food-1")));
    await page.evaluate(async () => (await openMine()).forget("food-1"));
    // The other tab is not given the time to receive the notice.
    const found = await other.evaluate(async () => {
      const [bytes] = await Promise.all([sage.export(), sage.recommend()]);
      const copy = await openMine({ store: memoryStore() });
      await copy.import(bytes);
      const cosine = (a, b) =>
        a.reduce((sum, x, axis) => sum + x * b[axis], 0) / Math.hypot(...a) / Math.hypot(...b);
      const left = vectorOf("sport-1");
      return {
        exported: await itemsOf(copy),
        sent: queries.length,
        foreign: queries.filter(({ vector }) => cosine(vector, left) < 0.99).length,
        used: await itemsOf(sage),
      };
    });
    assert.ok(found.sent > 0);
    assert.deepEqual(
      { ...found, sent: undefined },
      { exported: ["sport-1"], sent: undefined, foreign: 0, used: ["sport-1"] },
    );
  });

  test("record has stored the action when it resolves", async () => {
    const other = await open();
    await other.evaluate(async () => (await openMine()).record({ item: "food-7" }));
    await other.close();
    assert.deepEqual(await page.evaluate(async () => itemsOf(await openMine())), ["food-7"]);
  });

  test("a failed load of the wasm is reported and can be retried", async () => {
    await context.route("**/core_bg.wasm", (route) => route.abort());
    const first = await page.evaluate(() => failure(openSage({ dim: 2 })));
    assert.deepEqual(
      { ...first, message: undefined },
      { code: "not-ready", known: true, message: undefined },
    );
    assert.match(first.message, /could not be loaded.*retry/);
    await context.unroute("**/core_bg.wasm");
    await context.route("**/core_bg.wasm", (route) => route.fulfill({ status: 404, body: "gone" }));
    assert.equal((await page.evaluate(() => failure(openSage({ dim: 2 })))).code, "not-ready");
    await context.unroute("**/core_bg.wasm");
    assert.equal((await page.evaluate(() => failure(openMine()))).code, "none");
  });

  test("the error of loading recognises a web page, and names what needs no file", async () => {
    const html = { contentType: "text/html", body: "<!doctype html><title>Home</title>" };
    await context.route("**/core_bg.wasm", (route) => route.fulfill(html));
    const { code, message } = await page.evaluate(() => failure(openSage({ dim: 2 })));
    assert.equal(code, "not-ready");
    assert.match(message, /from http.*core_bg\.wasm \(that is not wasm, perhaps a web page/);
    assert.match(message, /pocketsage\/inline/);
    assert.ok(message.length <= 500, message);
  });

  test("pocketsage/inline works where the policy forbids every request", async () => {
    const headers = {
      "content-type": "text/html",
      "content-security-policy": "connect-src 'none'",
    };
    const body = await page.content();
    await context.route(`${site.origin}/`, (route) => route.fulfill({ headers, body }));
    await page.reload();
    const results = await page.evaluate(async () => {
      const forbidden = await import(`${location.origin}/pkg/entry/browser.js`);
      const error = await forbidden.init().catch(({ code, message }) => ({ code, message }));
      const inline = await import(`${location.origin}/pkg/entry/inline.js`);
      await inline.init();
      const { count } = inline.cluster(Float32Array.of(0, 0, 9, 9), { dim: 2, cut: { count: 2 } });
      return { ...error, count };
    });
    assert.deepEqual([results.code, results.count], ["not-ready", 2]);
    assert.match(results.message, /core_bg\.wasm .*(pocketsage\/inline|connect-src)/);
  });

  test("init accepts the wasm as a Response, a module, bytes or an address", async () => {
    const sources = [
      "fetch(wasm)",
      "WebAssembly.compileStreaming(fetch(wasm))",
      "fetch(wasm).then((r) => r.arrayBuffer())",
      "wasm",
      "new URL(wasm, location)",
    ];
    for (const source of sources) {
      const fresh = await open();
      const count = await fresh.evaluate(async (expression) => {
        await init(new Function("wasm", `return ${expression}`)("/pkg/wasm/core_bg.wasm"));
        return cluster(Float32Array.of(0, 0, 9, 9), { dim: 2, cut: { count: 2 } }).count;
      }, source);
      assert.equal(count, 2, source);
      await fresh.close();
    }
  });

  test("if IndexedDB is refused, the error is `storage` and names memoryStore", async () => {
    // A sandboxed frame has an opaque origin, for which browsers refuse IndexedDB.
    const frame = await page.evaluateHandle(async () => {
      const element = document.createElement("iframe");
      element.setAttribute("sandbox", "allow-scripts");
      element.src = "/";
      document.body.append(element);
      await new Promise((resolve) => element.addEventListener("load", resolve));
      return element;
    });
    const inside = await frame.asElement().contentFrame();
    await inside.evaluate(prepare);
    const refused = await inside.evaluate(() => failure(openMine()));
    assert.equal(refused.code, "storage");
    assert.match(refused.message, /memoryStore\(\)/);
    const items = await inside.evaluate(async () => {
      const sage = await openMine({ store: memoryStore() });
      await sage.record({ item: "food-1" });
      return itemsOf(sage);
    });
    assert.deepEqual(items, ["food-1"]);
  });

  test("a full IndexedDB: actions stay in memory and are stored once there is room", async () => {
    const lift = await limitQuota(page, site.origin);
    await page.evaluate(async () => {
      window.sage = await openMine();
      await sage.record({ item: "food-1" });
    });
    const full = await page.evaluate(() => {
      const random = seeded(1); // random values, because a browser may compress what it stores
      const ownAction = (_, index) => ({
        item: `own-${index}-${random()}`,
        vector: Float32Array.from({ length: DIM }, random),
      });
      return failure(sage.record(Array.from({ length: 8000 }, ownAction)));
    });
    assert.equal(full.code, "storage", full.message);
    assert.match(full.message, /QuotaExceeded.*/);
    assert.equal(await page.evaluate(async () => (await sage.profile()).actions), 8001);
    assert.ok((await page.evaluate(() => sage.recommend())).length > 0);
    assert.deepEqual(
      await page.evaluate(async () => itemsOf(await openMine())),
      ["food-1"],
      "the stored profile is unchanged",
    );
    await lift();
    await page.evaluate(() => sage.record({ item: "food-2" }));
    assert.equal(
      await page.evaluate(async () => (await (await openMine()).profile()).actions),
      8002,
    );
  });

  test("unreadable bytes are kept, and can be put aside", async () => {
    const outcome = await page.evaluate(async () => {
      const store = indexedDbStore("me");
      await store.save(Uint8Array.of(1, 2, 3));
      const { code } = await failure(openMine());
      const kept = [...(await store.load())];
      const sage = await openMine({ unreadable: "set-aside" });
      await sage.record({ item: "food-1" });
      return { code, kept, items: await itemsOf(await openMine()) };
    });
    assert.deepEqual(outcome, { code: "corrupt", kept: [1, 2, 3], items: ["food-1"] });
  });

  test("a worker serves the Sage interface, and its profile outlives it", async () => {
    const result = await page.evaluate(async () => {
      const worker = new Worker("/tests/browser/worker.js", { type: "module" });
      const sage = await connectSage(worker);
      await sage.record([{ item: "food-1" }, { item: "sport-1" }]);
      const recommendations = await sage.recommend({ count: 2, exclude: new Set(["food-2"]) });
      const unknown = await failure(sage.record({ item: "ghost" }));
      worker.terminate();
      const next = await connectSage(new Worker("/tests/browser/worker.js", { type: "module" }));
      return {
        recommendations: recommendations.map(({ item }) => item).sort(),
        unknown,
        items: await itemsOf(next),
      };
    });
    assert.deepEqual(result.recommendations, ["food-3", "sport-2"]);
    assert.equal(result.unknown.code, "unknown-item");
    assert.ok(result.unknown.known);
    assert.deepEqual(result.items, ["food-1", "sport-1"]);
  });

  test("worker-gone when the worker is terminated: pending and later calls", {
    timeout: 20_000,
  }, async () => {
    const result = await page.evaluate(async () => {
      const worker = new Worker("/tests/browser/worker.js?silent", { type: "module" });
      const sage = await connectSage(worker);
      await sage.record({ item: "food-1" });
      const pending = Promise.all([failure(sage.recommend()), failure(sage.recommend())]);
      setTimeout(() => worker.terminate(), 50);
      return { pending: await pending, later: await failure(sage.profile()) };
    });
    assert.deepEqual(
      [...result.pending, result.later].map(({ code, known }) => [code, known]),
      Array(3).fill(["worker-gone", true]),
    );
    assert.match(result.later.message, /terminated/);
  });

  test("worker-gone when the worker's script cannot be loaded", { timeout: 20_000 }, async () => {
    const { code } = await page.evaluate(() =>
      failure(connectSage(new Worker("/tests/browser/nowhere.js", { type: "module" }))),
    );
    assert.equal(code, "worker-gone");
  });

  test("a page can connect after the worker has started", {
    timeout: 20_000,
  }, async () => {
    const count = await page.evaluate(async () => {
      const worker = new Worker("/tests/browser/worker.js", { type: "module" });
      // The first message of the worker announces that it serves.
      await new Promise((resolve) => worker.addEventListener("message", resolve, { once: true }));
      return (await (await connectSage(worker)).profile()).actions;
    });
    assert.equal(count, 0);
  });

  test("aborting a signal aborts the call in the worker", { timeout: 20_000 }, async () => {
    const { code } = await page.evaluate(async () => {
      const sage = await connectSage(
        new Worker("/tests/browser/worker.js?silent", { type: "module" }),
      );
      await sage.record({ item: "food-1" });
      return failure(sage.recommend({ signal: AbortSignal.timeout(50) }));
    });
    assert.equal(code, "aborted");
  });

  test("a frame of another origin serves a sage over a port, without shared Web Locks", {
    timeout: 20_000,
  }, async () => {
    const otherSite = await serveSite();
    try {
      await page.evaluate(async (address) => {
        window.frame = document.createElement("iframe");
        frame.src = address;
        document.body.append(frame);
        await new Promise((resolve) => frame.addEventListener("load", resolve));
      }, otherSite.origin);
      const inside = page.frames().find((frame) => frame.url().startsWith(otherSite.origin));
      await inside.evaluate(prepare);
      await inside.evaluate(() =>
        addEventListener("message", ({ ports: [port] }) => serveSage(() => openMine(), port)),
      );
      const counts = await page.evaluate(async (address) => {
        const { port1, port2 } = new MessageChannel();
        frame.contentWindow.postMessage("port", address, [port2]);
        const sage = await connectSage(port1);
        await sage.record({ item: "food-1" });
        await new Promise((resolve) => setTimeout(resolve, 100));
        return (await sage.profile()).actions;
      }, otherSite.origin);
      assert.equal(counts, 1);
    } finally {
      await otherSite.close();
    }
  });
}

/**
 * Runs in the page: defines the exports of the package and of tests/js/items.mjs as globals, and
 * - `openMine(options)`: opens a sage on IndexedDB,
 * - `itemsOf(sage)`: the ids of all items in its profile, sorted,
 * - `failure(promise)`: what the promise rejects with, as an object that can leave the page.
 */
async function prepare() {
  const [sage, items] = await Promise.all([
    import("pocketsage"),
    import(`${location.origin}/tests/js/items.mjs`),
  ]);
  let catalogue;
  const openMine = async (options = {}) => {
    catalogue ??= await items.smallCatalogue();
    return sage.openSage({ catalogue, store: sage.indexedDbStore("me"), ...options });
  };
  Object.assign(window, sage, items, {
    openMine,
    itemsOf: async (opened) =>
      (await opened.profile()).interests.flatMap(({ items }) => items).sort(),
    failure: (promise) =>
      promise.then(
        () => ({ code: "none" }),
        (error) => ({ code: error.code, message: error.message, known: sage.isSageError(error) }),
      ),
  });
}
