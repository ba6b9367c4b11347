// forget, export, import.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { memoryStore, openSage } from "pocketsage";
import { actionsOn, DAY, DIM, NOW, rejects, smallCatalogue, THEMES, vectorOf } from "./world.mjs";

const catalogue = await smallCatalogue();
const open = (options = {}) => openSage({ catalogue, now: () => NOW, ...options });
const everyItem = async (sage) =>
  (await sage.profile()).interests.flatMap(({ items }) => items).sort();

test("forgetting an item deletes its actions and its hidden mark", async () => {
  const store = memoryStore();
  const sage = await open({ store });
  await sage.record(actionsOn("food-1", "sport-1", "food-1", "food-2"));
  await sage.hide(["food-3", "food-1"]);
  assert.equal(await sage.forget("food-1"), 2);
  assert.deepEqual(await sage.hidden(), ["food-3"]);
  for (const bytes of [await sage.export(), await store.load()])
    assert.ok(!new TextDecoder().decode(bytes).includes("food-1"), "the id is not stored");
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

test("forgetting everything leaves a tombstone without user data", async () => {
  const store = memoryStore();
  const sage = await open({ store });
  await sage.forget("food-4");
  await sage.record(actionsOn("food-1", "food-2"));
  await sage.hide("food-3");
  assert.equal(await sage.forget("everything"), 2);
  const text = new TextDecoder().decode(await store.load());
  assert.doesNotMatch(text, /food|salt":|hash/);
  assert.deepEqual((await sage.profile()).interests, []);
  assert.deepEqual(await sage.hidden(), []);
  await sage.record({ item: "food-1" });
  assert.deepEqual(await everyItem(await open({ store })), ["food-1"]);
});

for (const [name, forget] of [
  ["everything", (sage) => sage.forget("everything")],
  ["an item", (sage) => sage.forget("food-1")],
  ["a range", (sage) => sage.forget({ from: NOW - DAY })],
]) {
  test(`what was forgotten does not return by import, but is recorded anew: ${name}`, async () => {
    const sage = await open();
    await sage.record({ item: "food-1" });
    await sage.hide("food-1");
    const before = await sage.export();
    assert.equal(await forget(sage), 1);
    const after = await sage.export();
    await sage.import(before);
    assert.deepEqual(await sage.export(), after);
    await sage.record({ item: "food-1" });
    await sage.import(before);
    assert.equal((await sage.profile()).actions, 1);
    const other = await open();
    await other.import(before);
    await other.import(await sage.export());
    assert.equal((await other.profile()).actions, 1, "the deletion applies elsewhere");
  });
}

test("a tombstone ends after a year", async () => {
  let time = NOW;
  const sage = await open({ now: () => time });
  await sage.record({ item: "food-1" });
  const before = await sage.export();
  await sage.forget("food-1");
  time += 364 * DAY;
  await sage.import(before);
  assert.equal((await sage.profile()).actions, 0);
  time += 2 * DAY;
  await sage.record({ item: "food-2" });
  await sage.import(before);
  assert.equal((await sage.profile()).actions, 2);
});

test("unhide recommends an item again, keeps its actions, and outlives imports", async () => {
  const sage = await open();
  await sage.record(actionsOn("food-1", "food-2"));
  await sage.hide(["food-3", "food-4", "food-1"]);
  const before = await sage.export();
  assert.deepEqual(await sage.hidden(), ["food-3", "food-4", "food-1"]);
  await sage.unhide(["food-3", "food-1", "food-9"]);
  await sage.import(before);
  assert.deepEqual(await sage.hidden(), ["food-4"]);
  assert.equal((await sage.actions()).length, 2);
  const items = (await sage.recommend({ count: 60 })).map(({ item }) => item);
  assert.ok(items.includes("food-3") && !items.includes("food-4"));
  await sage.hide("food-3");
  await sage.import(before);
  assert.deepEqual(await sage.hidden(), ["food-4", "food-3"]);
  await rejects(sage.hide(["food-1", ""]), "option", /hide: expected an item's id/);
  await rejects(sage.unhide(7), "option", /unhide: expected a list of item ids/);
});

test("actions returns pages of the history, newest first", async () => {
  const sage = await open({ kinds: { save: 3 } });
  const own = { item: "own", vector: vectorOf("food-9"), at: NOW - DAY, weight: 2, kind: "save" };
  await sage.record([own, ...actionsOn("food-1", "food-2"), { item: "food-3", at: NOW + DAY }]);
  await sage.record({ item: "food-4", at: NOW });
  const items = async (page) => (await sage.actions(page)).map(({ item }) => item);
  assert.deepEqual(await items(), ["food-4", "food-3", "food-2", "food-1", "own"]);
  assert.deepEqual(await items({ offset: 1, count: 2 }), ["food-3", "food-2"]);
  assert.deepEqual(await items({ offset: 5 }), []);
  assert.deepEqual((await sage.actions({ offset: 4 }))[0], own);
  await rejects(sage.actions({ offset: -1 }), "option", /offset: expected a whole number/);
  await rejects(sage.actions({ limit: 3 }), "option", /unknown option "limit"/);
});

test("exports of format version 1 are imported once, on each device", async () => {
  const bytes = await readFile(new URL("../golden/log/version-1.sage-log", import.meta.url));
  const [one, two] = await Promise.all([open(), open()]);
  for (const sage of [one, two, one]) await sage.import(bytes);
  assert.equal((await one.profile()).actions, 4);
  await one.import(await two.export());
  assert.deepEqual(await one.export(), await two.export());
  await one.forget("food-1");
  await one.unhide("animal-1");
  await one.import(bytes);
  assert.equal((await one.profile()).actions, 1);
  assert.deepEqual(await one.hidden(), []);
});

test("import merges: shared operations count once, repetitions are kept", async () => {
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
  await there.import(await here.export());
  await here.import(await there.export());
  assert.deepEqual(await there.export(), await here.export());
  assert.equal((await here.profile()).actions, 8);
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
  const problems = (await later.actions()).map(({ item, problem }) => [item, problem]);
  assert.deepEqual(problems, [
    ["sport-1", "the item is not in the catalogue"],
    ["food-1", undefined],
  ]);
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

test("1 of 500 actions forgotten: as if it had never been there, also after merges", async () => {
  const items = THEMES.flatMap((theme) =>
    Array.from({ length: 167 }, (_, number) => `${theme}-${number}`),
  ).slice(0, 500);
  const actions = items.map((item, index) => ({
    item,
    vector: vectorOf(item),
    at: NOW - index * 60_000,
  }));
  const open = () => openSage({ dim: DIM, now: () => NOW });
  const [device, second] = [await open(), await open()];
  await device.record(actions);
  await second.import(await device.export());
  const forgotten = "sport-33";
  assert.equal(await device.forget(forgotten), 1);
  await second.import(await device.export());
  await device.import(await second.export());
  const never = await open();
  await never.record(actions.filter(({ item }) => item !== forgotten));
  const expected = await never.profile();
  assert.ok(expected.actions === 499 && expected.interests.length >= 3);
  for (const sage of [device, second]) assert.deepEqual(await sage.profile(), expected);
});
