// forget, export, import.
import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryStore, openSage } from "pocketsage";
import { actionsOn, DAY, DIM, NOW, rejects, smallCatalogue, vectorOf } from "./world.mjs";

const catalogue = await smallCatalogue();
const open = (options = {}) => openSage({ catalogue, now: () => NOW, ...options });
const everyItem = async (sage) =>
  (await sage.profile()).interests.flatMap(({ items }) => items).sort();

test("forgetting an item deletes its actions and its hidden mark", async () => {
  const sage = await open();
  await sage.record(actionsOn("food-1", "sport-1", "food-1", "food-2"));
  await sage.hide("food-3");
  await sage.hide("food-1");
  const left = await open();
  await left.record(
    actionsOn("food-1", "sport-1", "food-1", "food-2").filter(({ item }) => item !== "food-1"),
  );
  await left.hide("food-3");
  assert.equal(await sage.forget("food-1"), 2);
  assert.deepEqual(await sage.export(), await left.export(), "no trace is left");
  assert.equal(await sage.forget("ghost"), 0);
  assert.equal(await sage.forget("food-3"), 0);
  assert.ok((await sage.recommend({ count: 60 })).some(({ item }) => item === "food-3"));
});

test("forgetting a range includes both ends, and either may be open", async () => {
  const at = (day) => ({ item: `food-${day}`, at: NOW - day * DAY });
  for (const [range, left] of [
    [{ from: NOW - 3 * DAY, to: NOW - 2 * DAY }, ["food-1", "food-4"]],
    [{ from: NOW - 3 * DAY }, ["food-4"]],
    [{ to: NOW - 3 * DAY }, ["food-1", "food-2"]],
    [{ from: NOW, to: NOW - DAY }, ["food-1", "food-2", "food-3", "food-4"]],
  ]) {
    const sage = await open();
    await sage.record([1, 2, 3, 4].map(at));
    assert.equal(await sage.forget(range), 4 - left.length);
    assert.deepEqual(await everyItem(sage), left);
  }
});

test("forgetting everything clears the store", async () => {
  const store = memoryStore();
  const sage = await open({ store });
  await sage.record(actionsOn("food-1", "food-2"));
  await sage.hide("food-3");
  assert.ok(await store.load());
  assert.equal(await sage.forget("everything"), 2);
  assert.equal(await store.load(), undefined);
  assert.deepEqual((await sage.profile()).interests, []);
  await sage.record({ item: "food-1" });
  assert.deepEqual(await everyItem(await open({ store })), ["food-1"]);
});

test("importing an old export restores forgotten actions, once", async () => {
  const sage = await open();
  await sage.record(actionsOn("food-1", "sport-1"));
  const bytes = await sage.export();
  await sage.forget("everything");
  await sage.import(bytes);
  await sage.import(bytes);
  assert.deepEqual(await sage.export(), bytes);
});

test("import merges: shared actions count once, repetitions are kept", async () => {
  const [here, there] = await Promise.all([open(), open()]);
  const same = { item: "food-1", at: NOW };
  await here.record([same, same, { item: "sport-1", at: NOW - 1 }]);
  await there.record([
    same,
    same,
    same,
    { ...same, kind: "save" },
    { item: "animal-1", at: NOW - 2 },
  ]);
  await there.hide("food-9");
  await here.import(await there.export());
  assert.equal((await here.profile()).actions, 6);
  assert.deepEqual(await everyItem(here), ["animal-1", "food-1", "sport-1"]);
  assert.ok(!(await here.recommend({ count: 60 })).some(({ item }) => item === "food-9"));
});

test("an export carries vectors, weights, kinds and hidden items", async () => {
  const kinds = { save: 5 };
  const sage = await open({ kinds });
  await sage.record([
    { item: "own-1", vector: vectorOf("food-19"), at: -5.25, weight: 0.1 },
    { item: "food-1", kind: "save" },
    { item: "ünïcode 🍕", vector: vectorOf("sport-19"), at: NOW },
  ]);
  await sage.hide("food-2");
  const copy = await open({ kinds });
  await copy.import(await sage.export());
  assert.deepEqual(await copy.profile(), await sage.profile());
  assert.deepEqual(await copy.recommend(), await sage.recommend());
  assert.deepEqual(await copy.export(), await sage.export());
});

test("import accepts a Node Buffer at any offset of its pool", async () => {
  const sage = await open();
  await sage.record({ item: "own-1", vector: vectorOf("food-19") });
  const bytes = await sage.export();
  for (const offset of [0, 1, 2, 3]) {
    const copy = await open();
    await copy.import(Buffer.concat([Buffer.alloc(offset), bytes]).subarray(offset));
    assert.deepEqual(await copy.export(), bytes);
  }
});

test("vectors of catalogue items are not stored", async () => {
  const [known, brought] = await Promise.all([open(), open()]);
  await known.record({ item: "food-1" });
  await brought.record({ item: "food-1", vector: vectorOf("food-1") });
  assert.equal(
    (await brought.export()).length - (await known.export()).length >= DIM * 4 - 4,
    true,
  );
});

test("an item removed from the catalogue stays in the log, but not in the profile", async () => {
  const store = memoryStore();
  const sage = await open({ store });
  await sage.record(actionsOn("food-1", "sport-1"));
  const bytes = await sage.export();
  const smaller = await (await import("pocketsage")).Catalogue.from(
    [
      ["food-1", vectorOf("food-1")],
      ["food-2", vectorOf("food-2")],
    ],
    { dim: DIM },
  );
  const later = await open({ store, catalogue: smaller });
  assert.deepEqual(await everyItem(later), ["food-1"]);
  assert.equal((await later.profile()).actions, 1);
  assert.deepEqual(await later.export(), bytes);
});

test("importing undecodable bytes changes nothing", async () => {
  const sage = await open();
  await sage.record(actionsOn("food-1"));
  const bytes = await sage.export();
  await rejects(sage.import(new Uint8Array([1, 2, 3])), "corrupt", /only 3 bytes/);
  await rejects(sage.import(catalogue.toBytes()), "corrupt", /does not begin with "sage\.log"/);
  await rejects(sage.import("bytes"), "option", /expected a Uint8Array/);
  const other = await openSage({ dim: 3 });
  await other.record({ item: "x", vector: Float32Array.of(1, 2, 3) });
  await rejects(sage.import(await other.export()), "dimension", /vectors of 3 numbers, expected 8/);
  assert.deepEqual(await sage.export(), bytes);
});
