// Memory: what is dropped is freed, what open sages hold is bounded, a lack of memory is "memory",
// and objects of a crashed instance do not touch the new one. More than 400 lines: the tests share
// one instance and its memory.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Catalogue, cluster, memoryStore, openSage, setMemoryBudget } from "pocketsage";
import loadCore, { CoreCatalogue, CoreLoader, CoreSession } from "../../pkg/wasm/core.js";
import { trapNext } from "./traps.mjs";
import { actionsOn, DIM, NOW, rejects, smallCatalogue, vectorOf } from "./world.mjs";

const DEFAULT_BUDGET = 16 << 20;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc");

/** Runs the collector, and the finalizers, which run in tasks of their own. */
async function collect() {
  for (let round = 0; round < 3; round += 1) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Calls that reach the core object's method, counted until `stop`. */
function countCalls(prototype, method) {
  const real = prototype[method];
  const counter = {
    count: 0,
    stop: () => {
      prototype[method] = real;
    },
  };
  prototype[method] = function (...args) {
    counter.count += 1;
    return real.apply(this, args);
  };
  return counter;
}

const manyActions = (user, count = 400) =>
  Array.from({ length: count }, (_, index) => ({
    item: `item ${index}`,
    at: NOW - index * 60_000,
    vector: Float32Array.from({ length: 32 }, (_, axis) =>
      Math.sin((index + 7 * user) * (axis + 1)),
    ),
  }));

/** A sage whose session is full: with a tree that was repaired once. */
async function openFull(user, store = memoryStore()) {
  const [newest, ...earlier] = manyActions(user);
  const sage = await openSage({ dim: 32, store, now: () => NOW });
  await sage.record(earlier);
  await sage.profile();
  await sage.record(newest);
  await sage.profile();
  return sage;
}

test("sages that are dropped without close are freed", { timeout: 60_000 }, async () => {
  setMemoryBudget(2 ** 40);
  try {
    const round = async () => {
      for (let user = 0; user < 12; user += 1) await openFull(user);
      await collect();
    };
    await round();
    const { memory } = await loadCore();
    const before = memory.buffer.byteLength;
    for (let count = 0; count < 8; count += 1) await round();
    assert.ok(
      memory.buffer.byteLength <= 1.25 * before,
      `${before} -> ${memory.buffer.byteLength} bytes`,
    );
  } finally {
    setMemoryBudget(DEFAULT_BUDGET);
  }
});

test("without FinalizationRegistry and WeakRef the budget bounds what dropped sages keep", {
  timeout: 60_000,
}, async () => {
  const program = `
    const { FinalizationRegistry, WeakRef } = globalThis; // fetch of Node needs them
    delete globalThis.FinalizationRegistry;
    delete globalThis.WeakRef;
    const { openSage, setMemoryBudget } = await import("pocketsage");
    Object.assign(globalThis, { FinalizationRegistry, WeakRef });
    const { default: loadCore } = await import("./pkg/wasm/core.js");
    setMemoryBudget(4 << 20);
    let memory;
    const sizes = [];
    for (let user = 0; user < 60; user += 1) {
      const sage = await openSage({ dim: 32 });
      const actions = Array.from({ length: 401 }, (_, index) => ({
        item: "item " + index,
        vector: Float32Array.from({ length: 32 }, (_, axis) => Math.sin((index + user) * axis)),
      }));
      await sage.record(actions.slice(1));
      await sage.profile();
      await sage.record(actions[0]);
      await sage.profile();
      memory ??= (await loadCore()).memory;
      sizes.push(memory.buffer.byteLength);
    }
    console.log(sizes[30], sizes[59]);
  `;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--conditions=module", "--input-type=module", "--eval", program],
    { cwd: fileURLToPath(new URL("../../", import.meta.url)) },
  );
  const [early, late] = stdout.split(" ").map(Number);
  assert.ok(late <= 1.15 * early && late < 16 << 20, stdout);
});

test("the budget bounds the wasm memory of open sages", {
  timeout: 60_000,
}, async () => {
  const expected = [];
  for (let user = 0; user < 60; user += 1) {
    const sage = await openFull(user);
    expected.push(await sage.profile());
    await sage.close();
  }
  setMemoryBudget(2 << 20);
  try {
    const { memory } = await loadCore();
    const before = memory.buffer.byteLength;
    const sages = [];
    for (let user = 0; user < 60; user += 1) sages.push(await openFull(user));
    for (const [user, sage] of sages.entries())
      assert.deepEqual(await sage.profile(), expected[user]);
    const grown = memory.buffer.byteLength - before;
    assert.ok(grown <= 6 << 20, `${grown} bytes for 60 sessions`);
    for (const sage of sages) await sage.close();
  } finally {
    setMemoryBudget(DEFAULT_BUDGET);
  }
});

/** A store that counts how often it was loaded, and fails while `isBroken`. */
function countingStore() {
  const store = memoryStore();
  const counting = {
    loads: 0,
    isBroken: false,
    load: () => {
      counting.loads += 1;
      return counting.run(() => store.load());
    },
    save: (bytes) => counting.run(() => store.save(bytes)),
    clear: () => counting.run(() => store.clear()),
    run: async (call) => {
      if (counting.isBroken) throw new Error("the disk is gone");
      return call();
    },
  };
  return counting;
}

const more = { item: "more", vector: new Float32Array(32).fill(1) };

test("the least recently used sage is released first, the last one used never", async () => {
  const [one, other] = [await openFull(1), await openFull(2)];
  const frees = countCalls(CoreSession.prototype, "free");
  try {
    setMemoryBudget(0); // releases `one`
    assert.equal(frees.count, 1);
    await other.record(more);
    await other.profile();
    assert.equal(frees.count, 1, "the sage used last kept its session");
    await one.profile();
    assert.equal(frees.count, 2);
    await one.profile();
    assert.equal(frees.count, 2);
  } finally {
    frees.stop();
    setMemoryBudget(DEFAULT_BUDGET);
    await one.close();
    await other.close();
  }
});

test("a released sage answers every call as one that stayed in memory", async () => {
  const answers = async (budget) => {
    setMemoryBudget(budget);
    const stores = [countingStore(), countingStore()];
    const sages = [await openFull(1, stores[0]), await openFull(2, stores[1])];
    const results = [];
    for (const [method, ...args] of [
      ["profile"],
      ["record", more],
      ["hide", "item 3"],
      ["profile"],
      ["forget", "item 5"],
      ["explain", "item 9"],
      ["map"],
      ["profile"],
    ])
      for (const sage of sages) results.push(await sage[method](...args));
    const bytes = await sages[0].export();
    await sages[1].import(bytes);
    // Random ids order what two sages recorded concurrently, so the profiles differ in ties.
    results.push((await sages[1].profile()).actions);
    for (const sage of sages) await sage.close();
    return { results, loads: stores[0].loads };
  };
  try {
    const [inMemory, released] = [await answers(2 ** 40), await answers(0)];
    assert.deepEqual(released.results, inMemory.results);
    assert.ok(released.loads > inMemory.loads, `${released.loads} loads`);
  } finally {
    setMemoryBudget(DEFAULT_BUDGET);
  }
});

test("a sage whose changes could not be stored is not released", async () => {
  const store = countingStore();
  const sage = await openFull(1, store);
  const other = await openFull(2);
  try {
    store.isBroken = true;
    await rejects(sage.record(more), "storage", /./);
    setMemoryBudget(0);
    await other.profile();
    store.isBroken = false;
    assert.equal((await sage.profile()).actions, 401, "the unsaved action is there");
    await sage.hide("item 3"); // saves it too
    await other.profile(); // releases the sage
    assert.equal((await sage.profile()).actions, 401);
  } finally {
    setMemoryBudget(DEFAULT_BUDGET);
    await sage.close();
    await other.close();
  }
});

test("a released sage rejects while its store cannot be read, and recovers", async () => {
  const store = countingStore();
  const sage = await openFull(1, store);
  const other = await openFull(2);
  try {
    setMemoryBudget(0);
    store.isBroken = true;
    await rejects(sage.profile(), "storage", /the disk is gone/);
    await rejects(sage.record(more), "storage", /the disk is gone/);
    store.isBroken = false;
    const loads = store.loads;
    const profiles = await Promise.all([sage.profile(), sage.profile(), sage.map()]);
    assert.equal(store.loads, loads + 1, "calls at one time read the store once");
    assert.equal(profiles[0].actions, 400, "the refused action was not recorded");
  } finally {
    setMemoryBudget(DEFAULT_BUDGET);
    await sage.close();
    await other.close();
  }
});

test("a released sage can be closed without its store, and stays closed", async () => {
  const store = countingStore();
  const sage = await openFull(1, store);
  const other = await openFull(2);
  try {
    setMemoryBudget(0);
    store.isBroken = true;
    await sage.close();
    await sage.close();
    await rejects(sage.profile(), "closed", /open it again/);
  } finally {
    setMemoryBudget(DEFAULT_BUDGET);
    await other.close();
  }
});

test("setMemoryBudget refuses what is no number of bytes", async () => {
  for (const bytes of [-1, 1.5, NaN, Infinity, "1", undefined])
    await rejects(() => setMemoryBudget(bytes), "option", /setMemoryBudget.*whole number/);
});

/** Leaves the memory at its maximum of 4 GiB, with nothing free beyond what the allocator has. */
async function exhaust() {
  const { memory } = await loadCore();
  memory.grow(65_536 - memory.buffer.byteLength / 65_536);
}

test("exhausted memory is the error memory with advice; the next call works", async () => {
  const sage = await openFull(3);
  const catalogue = await smallCatalogue();
  const before = await sage.profile();
  for (const call of [
    () => cluster(new Float32Array(8 << 20), { dim: 4 }),
    () => Catalogue.fromBytes(new Uint8Array(64 << 20)),
    () => catalogue.search(vectorOf("food-1"), { exclude: new Array(4 << 20).fill("food-1") }),
  ]) {
    await exhaust();
    const error = await rejects(call, "memory", /not enough memory.*maxActions.*compact/);
    assert.ok(error.message.length <= 500, error.message);
    assert.ok(!/bug/.test(error.message), error.message);
    assert.deepEqual(await sage.profile(), before);
    assert.equal(catalogue.search(vectorOf("food-1"), { count: 1 })[0].item, "food-1");
  }
  const { memory } = await loadCore();
  assert.ok(memory.buffer.byteLength < 64 << 20, "the full memory was replaced");
  catalogue.close();
  await sage.close();
});

test("an array that JavaScript cannot allocate is the error memory", async () => {
  const catalogue = await smallCatalogue();
  const real = CoreCatalogue.prototype.toBytes;
  CoreCatalogue.prototype.toBytes = () => {
    CoreCatalogue.prototype.toBytes = real;
    throw new RangeError("Array buffer allocation failed");
  };
  await rejects(() => catalogue.toBytes(), "memory", /Array buffer allocation failed/);
  assert.equal(catalogue.size, 60);
  catalogue.close();
});

test("a trap after memory was short once is crashed: a bug", async () => {
  const catalogue = await smallCatalogue();
  // As an allocation leaves it that failed without a trap: the core returns an error then.
  const { exhausted } = await loadCore();
  exhausted.value = 1;
  await rejects(() => cluster(new Float32Array(64), { dim: 2, memory: 0 }), "memory", /do not fit/);
  trapNext(CoreCatalogue.prototype, "search");
  await rejects(() => catalogue.search(vectorOf("food-1")), "crashed", /bug in pocketsage/);
  catalogue.close();
});

/** Traps in another catalogue, so that the instance is replaced. */
async function crashElsewhere(other) {
  trapNext(CoreCatalogue.prototype, "facts");
  await rejects(() => other.compact(), "crashed", /out of bounds/);
}

for (const parts of [1, 2, 5]) {
  test(`a crash elsewhere between any of ${parts} parts does not end a download`, async () => {
    const bytes = (await smallCatalogue()).toBytes();
    const size = Math.ceil(bytes.length / parts);
    for (let crashAt = 0; crashAt <= parts; crashAt += 1) {
      const other = await smallCatalogue();
      let part = 0;
      const stream = new ReadableStream({
        async pull(controller) {
          if (part === crashAt) await crashElsewhere(other);
          if (part === parts) return controller.close();
          controller.enqueue(bytes.slice(part * size, (part + 1) * size));
          part += 1;
        },
      });
      const loaded = await Catalogue.fromBytes(stream);
      assert.deepEqual(loaded.toBytes(), bytes);
      assert.equal(other.search(vectorOf("food-1"), { count: 1 })[0].item, "food-1");
      loaded.close();
      other.close();
    }
  });
}

test("a crash while the finished stream is cancelled does not lose the catalogue", async () => {
  const bytes = (await smallCatalogue()).toBytes();
  const other = await smallCatalogue();
  const reader = {
    parts: [bytes],
    async read() {
      const value = this.parts.pop();
      return { done: value === undefined, value };
    },
    cancel: () => crashElsewhere(other),
  };
  const loaded = await Catalogue.fromBytes({ getReader: () => reader });
  assert.deepEqual(loaded.toBytes(), bytes);
});

test("a download that fails after a crash frees nothing of the new instance", async () => {
  const bytes = (await smallCatalogue()).toBytes();
  for (let round = 0; round < 20; round += 1) {
    const other = await smallCatalogue();
    const stream = new ReadableStream({
      async start(controller) {
        controller.enqueue(bytes.slice(0, 1000));
      },
      async pull(controller) {
        await crashElsewhere(other);
        // What a wrong free would corrupt.
        const fresh = await Catalogue.from([["a", vectorOf("food-1")]], { dim: DIM });
        assert.equal(fresh.size, 1);
        controller.error(new TypeError("the connection was lost"));
      },
    });
    const frees = countCalls(CoreLoader.prototype, "free");
    await assert.rejects(Catalogue.fromBytes(stream), TypeError);
    frees.stop();
    assert.equal(frees.count, 0, "the loader lay in the crashed instance");
    assert.equal(other.search(vectorOf("food-1"), { count: 1 })[0].item, "food-1");
    other.close();
  }
});

test("closing what lived in a crashed instance frees nothing of the new one", async () => {
  const sages = [];
  for (let user = 0; user < 5; user += 1) sages.push(await openFull(user));
  const catalogue = await smallCatalogue();
  const sage = await openSage({ catalogue, now: () => NOW });
  await sage.record(actionsOn("food-1", "sport-1"));
  const expected = await sage.profile();
  await crashElsewhere(catalogue);
  const frees = countCalls(CoreSession.prototype, "free");
  for (const one of sages) await one.close();
  frees.stop();
  assert.equal(frees.count, 0);
  assert.deepEqual(await sage.profile(), expected);
  await sage.close();
  catalogue.close();
});
