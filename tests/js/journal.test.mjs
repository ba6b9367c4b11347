// Storing: what happens when a store is slow, fails, holds what cannot be read, or has two writers.
import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryStore, openSage } from "pocketsage";
import { actionsOn, NOW, rejects, smallCatalogue } from "./world.mjs";

const catalogue = await smallCatalogue();
const open = (store, options = {}) => openSage({ catalogue, store, now: () => NOW, ...options });
const everyItem = async (sage) =>
  (await sage.profile()).interests.flatMap(({ items }) => items).sort();

/** A store whose writes can be made to fail or wait. */
function moodyStore(inner = memoryStore()) {
  const mood = { fail: undefined, gate: undefined, writes: 0, asides: [] };
  const write = async (work) => {
    mood.writes += 1;
    await mood.gate;
    if (mood.fail) throw mood.fail;
    return work();
  };
  const store = {
    load: () => inner.load(),
    save: (bytes) => write(() => inner.save(bytes)),
    clear: () => write(() => inner.clear()),
    update: (change) => write(() => inner.update(change)),
    setAside: async (bytes) => void mood.asides.push(bytes),
  };
  return { store, mood, inner };
}

test("what was recorded is there again", async () => {
  const store = memoryStore();
  const sage = await open(store);
  await sage.record(actionsOn("food-1", "sport-1"));
  await sage.hide("food-2");
  await sage.close();
  const again = await open(store);
  assert.deepEqual(await again.export(), await sageBytes());
  async function sageBytes() {
    const twin = await open(memoryStore());
    await twin.record(actionsOn("food-1", "sport-1"));
    await twin.hide("food-2");
    return twin.export();
  }
});

test("record resolves only when it is stored", async () => {
  const { store, mood, inner } = moodyStore();
  const sage = await open(store);
  let release;
  mood.gate = new Promise((resolve) => (release = resolve));
  let stored = false;
  const recording = sage.record({ item: "food-1" }).then(() => (stored = true));
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(stored, false);
  assert.deepEqual(await everyItem(sage), ["food-1"], "in memory it is at once");
  release();
  await recording;
  assert.ok(await inner.load());
});

test("many records at once are few writes", async () => {
  const { store, mood } = moodyStore();
  const sage = await open(store);
  await Promise.all(
    Array.from({ length: 100 }, (_, index) => sage.record({ item: "food-1", at: index })),
  );
  assert.ok(mood.writes <= 2, `${mood.writes} writes`);
  assert.equal((await (await open(store)).profile()).actions, 100);
});

test("a store that fails is reported; work goes on in memory, and the next save takes everything along", async () => {
  const { store, mood } = moodyStore();
  const sage = await open(store);
  await sage.record({ item: "food-1" });
  mood.fail = new DOMException("The disk is full.", "QuotaExceededError");
  const error = await rejects(
    sage.record({ item: "food-2" }),
    "storage",
    /stays in memory.*QuotaExceededError: The disk is full/,
  );
  assert.equal(error.cause, mood.fail);
  await rejects(sage.hide("food-9"), "storage", /full/);
  assert.deepEqual(await everyItem(sage), ["food-1", "food-2"]);
  assert.ok((await sage.recommend()).every(({ item }) => item !== "food-2" && item !== "food-9"));
  await rejects(sage.close(), "storage", /full/);
  assert.deepEqual(
    await everyItem(sage),
    ["food-1", "food-2"],
    "a close that failed leaves it open",
  );
  mood.fail = undefined;
  await sage.record({ item: "food-3" });
  const again = await open(store);
  assert.deepEqual(await everyItem(again), ["food-1", "food-2", "food-3"]);
  assert.equal((await again.profile()).actions, 3, "nothing twice");
  assert.ok((await again.recommend({ count: 60 })).every(({ item }) => item !== "food-9"));
});

test("close stores what a failed save left", async () => {
  const { store, mood } = moodyStore();
  const sage = await open(store);
  mood.fail = new Error("busy");
  await rejects(sage.record({ item: "food-1" }), "storage", /busy/);
  mood.fail = undefined;
  await sage.close();
  assert.deepEqual(await everyItem(await open(store)), ["food-1"]);
});

test("a failed forget is not forgotten", async () => {
  const { store, mood } = moodyStore();
  const sage = await open(store);
  await sage.record(actionsOn("food-1", "food-2"));
  mood.fail = new Error("busy");
  await rejects(sage.forget("food-1"), "storage", /busy/);
  assert.deepEqual(await everyItem(sage), ["food-2"]);
  mood.fail = undefined;
  await sage.record({ item: "food-3" });
  assert.deepEqual(await everyItem(await open(store)), ["food-2", "food-3"]);
});

test("a store that cannot be read is an error, not an empty history", async () => {
  const store = { ...memoryStore(), load: () => Promise.reject(new Error("no access")) };
  await rejects(open(store), "storage", /no access/);
});

for (const kind of ["with update", "without update"]) {
  test(`two writers in turn lose nothing, ${kind}`, async () => {
    const store = memoryStore();
    if (kind === "without update") delete store.update;
    const [one, two] = await Promise.all([open(store), open(store)]);
    await one.record({ item: "food-1" });
    await two.record({ item: "sport-1" });
    await two.hide("food-9");
    await one.record({ item: "food-2" });
    assert.deepEqual(
      await everyItem(one),
      ["food-1", "food-2", "sport-1"],
      "a save brings along what others stored",
    );
    assert.equal(await two.forget("food-1"), 1, "counted on the freshest log");
    const all = await open(store);
    assert.deepEqual(await everyItem(all), ["food-2", "sport-1"]);
    assert.ok((await all.recommend({ count: 60 })).every(({ item }) => item !== "food-9"));
  });
}

test("what one writer forgot, another's old memory does not bring back", async () => {
  const store = memoryStore();
  const one = await open(store);
  await one.record(actionsOn("food-1", "food-2"));
  const two = await open(store);
  await one.forget("everything");
  await two.record({ item: "sport-1" });
  assert.deepEqual(await everyItem(await open(store)), ["sport-1"]);
  assert.deepEqual(await everyItem(two), ["sport-1"]);
});

test("changes made while a save runs go out with the next", async () => {
  const { store, mood } = moodyStore();
  const sage = await open(store);
  let release;
  mood.gate = new Promise((resolve) => (release = resolve));
  const first = sage.record({ item: "food-1" });
  await new Promise((resolve) => setTimeout(resolve, 5));
  const later = [
    sage.record({ item: "food-2" }),
    sage.forget("food-1"),
    sage.record({ item: "food-3" }),
  ];
  release();
  await Promise.all([first, ...later]);
  assert.equal(mood.writes, 2);
  assert.deepEqual(await everyItem(await open(store)), ["food-2", "food-3"]);
});

const unreadable = async () => {
  const sage = await openSage({ dim: 3 });
  await sage.record({ item: "x", vector: Float32Array.of(1, 2, 3) });
  const bytes = await sage.export();
  const damaged = bytes.slice();
  damaged[20] ^= 1;
  return { damaged, foreign: catalogue.toBytes(), shortened: bytes.slice(0, 30), otherwise: bytes };
};

test("stored bytes that cannot be read are reported and not touched", async () => {
  for (const [name, bytes] of Object.entries(await unreadable())) {
    const { store, mood, inner } = moodyStore();
    await inner.save(bytes);
    await rejects(open(store), name === "otherwise" ? "dimension" : "corrupt", /./);
    assert.equal(mood.writes, 0);
    assert.deepEqual(await inner.load(), bytes);
  }
});

test("stored bytes that cannot be read are put aside on request, and a new log begins", async () => {
  for (const bytes of Object.values(await unreadable())) {
    const { store, mood, inner } = moodyStore();
    await inner.save(bytes);
    const sage = await open(store, { unreadable: "set-aside" });
    assert.deepEqual(mood.asides, [bytes]);
    await sage.record({ item: "food-1" });
    assert.deepEqual(await everyItem(await open(store)), ["food-1"]);
  }
});

test("if they cannot be put aside, they are not touched either", async () => {
  const { damaged } = await unreadable();
  const { store, inner } = moodyStore();
  await inner.save(damaged);
  store.setAside = () => Promise.reject(new Error("full"));
  await rejects(open(store, { unreadable: "set-aside" }), "storage", /full/);
  assert.deepEqual(await inner.load(), damaged);
});

test("a store with no place to put them leaves them where they are", async () => {
  const { damaged } = await unreadable();
  const store = memoryStore();
  await store.save(damaged);
  await rejects(open(store, { unreadable: "set-aside" }), "corrupt", /./);
  assert.deepEqual(await store.load(), damaged);
});

test("two tabs that put the same bytes aside do not overwrite each other", async () => {
  const { damaged } = await unreadable();
  const { store, inner } = moodyStore();
  await inner.save(damaged);
  const slow = {
    ...store,
    setAside: async () => {
      const first = await open(store, { unreadable: "set-aside" });
      await first.record({ item: "food-1" });
    },
  };
  const second = await open(slow, { unreadable: "set-aside" });
  assert.deepEqual(await everyItem(second), ["food-1"]);
});

test("if the store is damaged by others later, saving reports it and keeps what it holds in memory", async () => {
  const { damaged } = await unreadable();
  const store = memoryStore();
  const sage = await open(store);
  await sage.record({ item: "food-1" });
  await store.save(damaged);
  await rejects(sage.record({ item: "food-2" }), "corrupt", /./);
  assert.deepEqual(await everyItem(sage), ["food-1", "food-2"]);
  assert.deepEqual(await store.load(), damaged);
});

test("the memory store keeps copies", async () => {
  const store = memoryStore();
  const bytes = Uint8Array.of(1, 2, 3);
  await store.save(bytes);
  bytes.fill(0);
  const loaded = await store.load();
  assert.deepEqual(loaded, Uint8Array.of(1, 2, 3));
  loaded.fill(0);
  assert.deepEqual(await store.load(), Uint8Array.of(1, 2, 3));
  await store.clear();
  assert.equal(await store.load(), undefined);
});
