// The journal over stores that are slow, fail, hold undecodable bytes, or have two writers.
import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryStore, openSage } from "pocketsage";
import { actionsOn, NOW, rejects, smallCatalogue } from "./world.mjs";

const catalogue = await smallCatalogue();
const open = (store, options = {}) => openSage({ catalogue, store, now: () => NOW, ...options });
const everyItem = async (sage) =>
  (await sage.profile()).interests.flatMap(({ items }) => items).sort();

/** A store whose writes can be made to fail or wait through `control`. */
function controlledStore(inner = memoryStore()) {
  const control = { fail: undefined, gate: undefined, writes: 0, asides: [] };
  const write = async (work) => {
    control.writes += 1;
    await control.gate;
    if (control.fail) throw control.fail;
    return work();
  };
  const store = {
    load: () => inner.load(),
    save: (bytes) => write(() => inner.save(bytes)),
    clear: () => write(() => inner.clear()),
    update: (change) => write(() => inner.update(change)),
    setAside: async (bytes) => void control.asides.push(bytes),
  };
  return { store, control, inner };
}

test("a recommendation of the same task resolves before the write begins", async () => {
  const { store, control } = controlledStore();
  const sage = await open(store);
  for (let tap = 1; tap <= 3; tap += 1) {
    const stored = sage.record(actionsOn("food-1", "sport-1"));
    const picks = await sage.recommend();
    assert.ok(picks.length > 0);
    assert.equal(control.writes, tap - 1, "no write of this tap yet");
    await stored;
    assert.equal(control.writes, tap);
  }
  await sage.close();
});

test("a reopened sage has the recorded history", async () => {
  const store = memoryStore();
  const sage = await open(store);
  await sage.record(actionsOn("food-1", "sport-1"));
  await sage.hide("food-2");
  const bytes = await sage.export();
  await sage.close();
  const again = await open(store);
  assert.deepEqual(await again.export(), bytes);
  assert.deepEqual(await again.actions(), actionsOn("food-1", "sport-1").reverse());
  assert.deepEqual(await again.hidden(), ["food-2"]);
});

test("record resolves after the write, and applies in memory at once", async () => {
  const { store, control, inner } = controlledStore();
  const sage = await open(store);
  let release;
  control.gate = new Promise((resolve) => (release = resolve));
  let stored = false;
  const recording = sage.record({ item: "food-1" }).then(() => (stored = true));
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(stored, false);
  assert.deepEqual(await everyItem(sage), ["food-1"], "applied in memory at once");
  release();
  await recording;
  assert.ok(await inner.load());
});

test("concurrent records share writes", async () => {
  const { store, control } = controlledStore();
  const sage = await open(store);
  await Promise.all(
    Array.from({ length: 100 }, (_, index) => sage.record({ item: "food-1", at: index })),
  );
  assert.ok(control.writes <= 2, `${control.writes} writes`);
  assert.equal((await (await open(store)).profile()).actions, 100);
});

test("a failed save rejects; changes stay in memory and the next save includes them", async () => {
  const { store, control } = controlledStore();
  const sage = await open(store);
  await sage.record({ item: "food-1" });
  control.fail = new DOMException("The disk is full.", "QuotaExceededError");
  const error = await rejects(
    sage.record({ item: "food-2" }),
    "storage",
    /stay in memory.*QuotaExceededError: The disk is full/,
  );
  assert.equal(error.cause, control.fail);
  await rejects(sage.hide("food-9"), "storage", /full/);
  assert.deepEqual(await everyItem(sage), ["food-1", "food-2"]);
  assert.ok((await sage.recommend()).every(({ item }) => item !== "food-2" && item !== "food-9"));
  control.fail = undefined;
  await sage.record({ item: "food-3" });
  const again = await open(store);
  assert.deepEqual(await everyItem(again), ["food-1", "food-2", "food-3"]);
  assert.equal((await again.profile()).actions, 3, "nothing is duplicated");
  assert.ok((await again.recommend({ count: 60 })).every(({ item }) => item !== "food-9"));
});

test("a close that cannot save closes, and its error counts the lost operations", async () => {
  const { store, control } = controlledStore();
  const sage = await open(store);
  await sage.record({ item: "food-1" });
  control.fail = new DOMException("The disk is full.", "QuotaExceededError");
  await rejects(sage.record(actionsOn("food-2", "food-3")), "storage", /full/);
  await rejects(sage.hide("food-9"), "storage", /full/);
  await rejects(sage.close(), "storage", /Closed, with 3 unsaved operations: .*full/);
  await rejects(sage.profile(), "closed", /./);
  await sage.close();
  control.fail = undefined;
  assert.deepEqual(await everyItem(await open(store)), ["food-1"]);
});

test("close saves the changes of a failed save", async () => {
  const { store, control } = controlledStore();
  const sage = await open(store);
  control.fail = new Error("busy");
  await rejects(sage.record({ item: "food-1" }), "storage", /busy/);
  control.fail = undefined;
  await sage.close();
  assert.deepEqual(await everyItem(await open(store)), ["food-1"]);
});

test("a forget whose save failed is saved with the next change", async () => {
  const { store, control } = controlledStore();
  const sage = await open(store);
  await sage.record(actionsOn("food-1", "food-2"));
  control.fail = new Error("busy");
  await rejects(sage.forget("food-1"), "storage", /busy/);
  assert.deepEqual(await everyItem(sage), ["food-2"]);
  control.fail = undefined;
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
      "a save loads what the other writer stored",
    );
    assert.equal(await two.forget("food-1"), 1, "counted on the stored log");
    const all = await open(store);
    assert.deepEqual(await everyItem(all), ["food-2", "sport-1"]);
    assert.ok((await all.recommend({ count: 60 })).every(({ item }) => item !== "food-9"));
  });
}

test("actions forgotten by one writer are not restored by another's older log", async () => {
  const store = memoryStore();
  const one = await open(store);
  await one.record(actionsOn("food-1", "food-2"));
  const two = await open(store);
  await one.forget("everything");
  await two.record({ item: "sport-1" });
  assert.deepEqual(await everyItem(await open(store)), ["sport-1"]);
  assert.deepEqual(await everyItem(two), ["sport-1"]);
});

test("changes made during a save are stored by the next one", async () => {
  const { store, control } = controlledStore();
  const sage = await open(store);
  let release;
  control.gate = new Promise((resolve) => (release = resolve));
  const first = sage.record({ item: "food-1" });
  await new Promise((resolve) => setTimeout(resolve, 5));
  const later = [
    sage.record({ item: "food-2" }),
    sage.forget("food-1"),
    sage.record({ item: "food-3" }),
  ];
  release();
  await Promise.all([first, ...later]);
  assert.equal(control.writes, 2);
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

test("undecodable stored bytes are an error and left unchanged", async () => {
  for (const [name, bytes] of Object.entries(await unreadable())) {
    const { store, control, inner } = controlledStore();
    await inner.save(bytes);
    if (name === "otherwise") await rejects(open(store), "dimension", /./);
    else await rejects(open(store), "corrupt", /Nothing was changed\. `unreadable: "set-aside"`/);
    assert.equal(control.writes, 0);
    assert.deepEqual(await inner.load(), bytes);
  }
});

test("undecodable stored bytes are set aside on request, and a new log starts", async () => {
  for (const bytes of Object.values(await unreadable())) {
    const { store, control, inner } = controlledStore();
    await inner.save(bytes);
    const sage = await open(store, { unreadable: "set-aside" });
    assert.deepEqual(control.asides, [bytes]);
    await sage.record({ item: "food-1" });
    assert.deepEqual(await everyItem(await open(store)), ["food-1"]);
  }
});

test("if setting aside fails, the stored bytes are left unchanged", async () => {
  const { damaged } = await unreadable();
  const { store, inner } = controlledStore();
  await inner.save(damaged);
  store.setAside = () => Promise.reject(new Error("full"));
  await rejects(open(store, { unreadable: "set-aside" }), "storage", /full/);
  assert.deepEqual(await inner.load(), damaged);
});

test("undecodable bytes in a store without setAside are left unchanged", async () => {
  const { damaged } = await unreadable();
  const store = memoryStore();
  await store.save(damaged);
  await rejects(open(store, { unreadable: "set-aside" }), "corrupt", /Nothing was changed\.$/);
  assert.deepEqual(await store.load(), damaged);
});

test("the error of an import does not name an option of openSage", async () => {
  const sage = await open(memoryStore());
  await rejects(sage.import(new Uint8Array(20)), "corrupt", /Nothing was changed\.$/);
});

test("two tabs that set the same bytes aside do not overwrite each other", async () => {
  const { damaged } = await unreadable();
  const { store, inner } = controlledStore();
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

test("if the store is damaged later, saving rejects and changes stay in memory", async () => {
  const { damaged } = await unreadable();
  const store = memoryStore();
  const sage = await open(store);
  await sage.record({ item: "food-1" });
  await store.save(damaged);
  await rejects(sage.record({ item: "food-2" }), "corrupt", /./);
  assert.deepEqual(await everyItem(sage), ["food-1", "food-2"]);
  assert.deepEqual(await store.load(), damaged);
});

test("the memory store copies bytes", async () => {
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
