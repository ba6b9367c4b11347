// The built package in headless Chromium: the real IndexedDB, the real Worker, the real loader.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { launch, serveSite } from "./site.mjs";

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

/** A page of the site. An error that nobody caught fails the test it happens in. */
async function open() {
  const opened = await context.newPage();
  opened.on("pageerror", (error) => assert.fail(`uncaught in the page: ${error.stack}`));
  await opened.goto(site.origin);
  await opened.evaluate(prepare);
  return opened;
}

/** In the page: the package and the items at hand, a sage on IndexedDB, and a way to say what an error was. */
async function prepare() {
  const [sage, world] = await Promise.all([
    import("pocketsage"),
    import(`${location.origin}/tests/js/items.mjs`),
  ]);
  Object.assign(window, sage, world, {
    openMine: async (options = {}) =>
      sage.openSage({
        catalogue: (window.catalogue ??= await world.smallCatalogue()),
        store: sage.indexedDbStore("me"),
        ...options,
      }),
    itemsOf: async (opened) =>
      (await opened.profile()).interests.flatMap(({ items }) => items).sort(),
    failure: (promise) =>
      promise.then(
        () => ({ code: "none" }),
        (error) => ({ code: error.code, message: error.message, known: sage.isSageError(error) }),
      ),
  });
}

test("the main job: record, profile, recommend; and nothing leaves", async () => {
  const before = requests.length;
  const result = await page.evaluate(async () => {
    const sage = await openMine();
    await sage.record(actionsOn("food-1", "sport-1", "food-2", "animal-1"));
    const { interests } = await sage.profile();
    return {
      medoids: interests.map(({ medoid }) => medoid),
      picks: await sage.recommend({ count: 9 }),
      preview: await sage.preview(),
    };
  });
  assert.equal(result.medoids.length, 3);
  assert.equal(result.picks.length, 9);
  for (const { item, because } of result.picks)
    assert.equal(item.split("-")[0], because.medoid.split("-")[0]);
  assert.deepEqual(result.preview, []);
  assert.deepEqual(
    requests.slice(before).map((url) => new URL(url).pathname),
    ["/pkg/wasm/core_bg.wasm"],
    "only the wasm is fetched",
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
      picks: (await sage.recommend({ count: 60 })).map(({ item }) => item),
    };
  });
  assert.deepEqual(again.items, ["food-1", "sport-1"]);
  assert.ok(again.picks.includes("food-3") && !again.picks.includes("food-2"));
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

test("a page that is closed right after record resolved has stored it", async () => {
  const other = await open();
  await other.evaluate(async () => (await openMine()).record({ item: "food-7" }));
  await other.close();
  assert.deepEqual(await page.evaluate(async () => itemsOf(await openMine())), ["food-7"]);
});

test("a rejected wasm load is reported, and works the second time", async () => {
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

test("the wasm may come as a Response, a module, bytes or an address", async () => {
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

test("IndexedDB refused: storage, with the way out", async () => {
  // A sandboxed frame has an opaque origin, to which Chromium refuses the database.
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
  assert.match(refused.message, /SecurityError.*|memoryStore\(\)/);
  const items = await inside.evaluate(async () => {
    const sage = await openMine({ store: memoryStore() });
    await sage.record({ item: "food-1" });
    return itemsOf(sage);
  });
  assert.deepEqual(items, ["food-1"]);
});

test("IndexedDB full: storage, work goes on in memory, and nothing is lost once there is room", async () => {
  const client = await context.newCDPSession(page);
  await client.send("Storage.overrideQuotaForOrigin", { origin: site.origin, quotaSize: 200_000 });
  await page.evaluate(async () => {
    window.sage = await openMine();
    await sage.record({ item: "food-1" });
  });
  const full = await page.evaluate(() =>
    failure(
      sage.record(
        Array.from({ length: 8000 }, (_, index) => ({
          item: `own-${index}`,
          vector: vectorOf("food-1"),
        })),
      ),
    ),
  );
  assert.equal(full.code, "storage", full.message);
  assert.match(full.message, /QuotaExceeded.*/);
  assert.equal(await page.evaluate(async () => (await sage.profile()).actions), 8001);
  assert.ok((await page.evaluate(() => sage.recommend())).length > 0);
  assert.deepEqual(
    await page.evaluate(async () => itemsOf(await openMine())),
    ["food-1"],
    "what was stored before is untouched",
  );
  await client.send("Storage.overrideQuotaForOrigin", { origin: site.origin });
  await page.evaluate(() => sage.record({ item: "food-2" }));
  assert.equal(await page.evaluate(async () => (await (await openMine()).profile()).actions), 8002);
});

test("unreadable bytes stay where they are, and can be put aside", async () => {
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

test("a worker serves the same interface, and its profile survives it", async () => {
  const result = await page.evaluate(async () => {
    const worker = new Worker("/tests/browser/worker.js", { type: "module" });
    const sage = await connectSage(worker);
    await sage.record([{ item: "food-1" }, { item: "sport-1" }]);
    const picks = await sage.recommend({ count: 2, exclude: new Set(["food-2"]) });
    const unknown = await failure(sage.record({ item: "ghost" }));
    worker.terminate();
    const next = await connectSage(new Worker("/tests/browser/worker.js", { type: "module" }));
    return { picks: picks.map(({ item }) => item).sort(), unknown, items: await itemsOf(next) };
  });
  assert.deepEqual(result.picks, ["food-3", "sport-2"]);
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

test("a page that connects after the worker has started is served too", {
  timeout: 20_000,
}, async () => {
  const count = await page.evaluate(async () => {
    const worker = new Worker("/tests/browser/worker.js", { type: "module" });
    await new Promise((resolve) => worker.addEventListener("message", resolve, { once: true })); // it is serving
    return (await (await connectSage(worker)).profile()).actions;
  });
  assert.equal(count, 0);
});

test("a signal reaches into the worker", { timeout: 20_000 }, async () => {
  const { code } = await page.evaluate(async () => {
    const sage = await connectSage(
      new Worker("/tests/browser/worker.js?silent", { type: "module" }),
    );
    await sage.record({ item: "food-1" });
    return failure(sage.recommend({ signal: AbortSignal.timeout(50) }));
  });
  assert.equal(code, "aborted");
});

test("a sage of another origin is served over a port, though its locks are not ours", {
  timeout: 20_000,
}, async () => {
  const elsewhere = await serveSite();
  try {
    await page.evaluate(async (address) => {
      window.frame = document.createElement("iframe");
      frame.src = address;
      document.body.append(frame);
      await new Promise((resolve) => frame.addEventListener("load", resolve));
    }, elsewhere.origin);
    const inside = page.frames().find((frame) => frame.url().startsWith(elsewhere.origin));
    await inside.evaluate(prepare);
    await inside.evaluate(() =>
      addEventListener("message", ({ ports: [port] }) => serveSage(() => openMine(), port)),
    );
    const counts = await page.evaluate(async (address) => {
      const { port1, port2 } = new MessageChannel();
      frame.contentWindow.postMessage("a port for you", address, [port2]);
      const sage = await connectSage(port1);
      await sage.record({ item: "food-1" });
      await new Promise((resolve) => setTimeout(resolve, 100));
      return (await sage.profile()).actions;
    }, elsewhere.origin);
    assert.equal(counts, 1);
  } finally {
    await elsewhere.close();
  }
});
