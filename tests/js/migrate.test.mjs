// pocketsage/migrate: a history moves to the catalogue of another model, and back bit by bit.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { Catalogue, memoryStore, openSage } from "pocketsage";
import { fitBridge, migrateLog, migrateStore, rollback } from "pocketsage/migrate";
import { orthogonalFactor, solvePositive } from "../../pkg/sage/migrate/matrix.js";
import { DAY, NOW, rejects, seeded } from "./world.mjs";

const golden = JSON.parse(
  await readFile(new URL("../golden/bridge/bridge.json", import.meta.url), "utf8"),
);
/** SHA-256 of 20 converted vectors, its first 16 digits. */
const BRIDGE_HASH = "47f5a0095adbad14";
const matrixOf = (rows) => ({
  rows: rows.length,
  columns: rows[0].length,
  values: Float64Array.from(rows.flat()),
});
const largestDifference = (a, b) => Math.max(...Array.from(a, (x, k) => Math.abs(x - b[k])));
const idOf = (index) => `item-${String(index).padStart(4, "0")}`;

/**
 * Two catalogues of `shared` common items, and 20 of either one only: the second has the vectors of
 * the first, mapped by a random matrix, with noise.
 */
async function models({
  shared = 300,
  dims = [12, 10],
  noise = 0.05,
  seed = 1,
  names = true,
} = {}) {
  const random = seeded(seed);
  const [fromDim, toDim] = dims;
  // Sums of uniform numbers: near normal, and equal on every platform.
  const normal = () => random() + random() + random() - 1.5;
  const map = Array.from({ length: fromDim }, () => Array.from({ length: toDim }, normal));
  const [from, to] = [[], []];
  for (let index = 0; index < shared + 40; index += 1) {
    const x = Float32Array.from(
      { length: fromDim },
      (_, k) => normal() + (k === index % 6 ? 2 : 0),
    );
    const y = Float32Array.from({ length: toDim }, (_, k) =>
      x.reduce((sum, value, row) => sum + value * map[row][k], noise * normal()),
    );
    if (index < shared + 20) from.push([idOf(index), x]);
    if (index < shared || index >= shared + 20) to.push([idOf(index), y]);
  }
  return {
    from: await Catalogue.from(from, { dim: fromDim, ...(names && { space: "a/1" }) }),
    to: await Catalogue.from(to, { dim: toDim, ...(names && { space: "b/1" }) }),
  };
}

/** A history with every kind of action and operation on the first catalogue. */
async function historyOf(from, { seed = 2, store = memoryStore() } = {}) {
  const random = seeded(seed);
  const sage = await openSage({ catalogue: from, store, now: () => NOW });
  const last = from.size - 1; // not in the second catalogue
  const items = [0, 1, 2, 3, Math.floor(random() * last), last, last - 1];
  await sage.record(
    items.map((index, row) => ({
      item: idOf(index),
      at: NOW - row * DAY,
      ...(row % 2 === 1 && { weight: 1 + row, kind: "save" }),
    })),
  );
  const vector = (item) => Float32Array.from(from.vector(item), (x) => x * 0.9 + 0.01);
  await sage.record([
    { item: "own", vector: vector(idOf(5)), at: NOW - DAY },
    { item: idOf(7), vector: vector(idOf(7)), at: NOW - 2 * DAY },
  ]);
  await sage.hide(idOf(9));
  await sage.boost(idOf(0), 2);
  await sage.forget(idOf(1));
  const log = await sage.export();
  await sage.close();
  return { log, store };
}

const open = (catalogue, store = memoryStore()) =>
  openSage({ catalogue, store, now: () => NOW + 1000 });

test("the orthogonal factor and the solver equal NumPy's", () => {
  for (const { matrix, factor } of golden.orthogonal) {
    const { values } = orthogonalFactor(matrixOf(matrix));
    assert.ok(largestDifference(values, factor.flat()) < 1e-10);
  }
  const { matrix, right, solution } = golden.solve;
  const { values } = solvePositive(matrixOf(matrix), matrixOf(right));
  assert.ok(largestDifference(values, solution.flat()) < 1e-10);
});

test("a singular matrix has a partial isometry, a zero matrix has zeros", () => {
  const { values } = orthogonalFactor(
    matrixOf([
      [1, 0],
      [2, 0],
    ]),
  );
  const expected = [1 / Math.sqrt(5), 0, 2 / Math.sqrt(5), 0];
  assert.ok(largestDifference(values, expected) < 1e-12);
  assert.deepEqual(
    [
      ...orthogonalFactor(
        matrixOf([
          [0, 0],
          [0, 0],
        ]),
      ).values,
    ],
    [0, 0, 0, 0],
  );
});

test("a bridge equals its twin in NumPy", async () => {
  const catalogueOf = (rows) =>
    Catalogue.from(
      rows.map((row, index) => [idOf(index), Float32Array.from(row)]),
      { dim: rows[0].length },
    );
  const [from, to] = await Promise.all([golden.bridge.from, golden.bridge.to].map(catalogueOf));
  const { report, convert } = fitBridge(from, to, { minRetention: 0 });
  assert.equal(report.penalty, golden.bridge.penalty);
  golden.bridge.converted.forEach((expected, row) => {
    const vector = convert(Float32Array.from(golden.bridge.from[row]));
    assert.ok(largestDifference(vector, expected) < 2e-3); // the rounding of stored vectors
  });
});

test("a linear map is recovered: nearly all of the neighbourhood is kept", async () => {
  const { from, to } = await models({ dims: [8, 8], noise: 0 });
  const { report } = fitBridge(from, to);
  assert.ok(report.retention > 0.99 && report.recall > 0.8, JSON.stringify(report));
  assert.deepEqual([report.from, report.to], ["a/1", "b/1"]);
  assert.deepEqual([report.sharedItems, report.fitted, report.heldOut], [300, 240, 60]);
});

test("an orthogonal map is recovered: the same neighbours", async () => {
  const { from } = await models({ dims: [8, 8] });
  const turned = (vector) => vector.map((_, k) => (k % 2 === 0 ? -1 : 1) * vector[(k + 3) % 8]);
  const to = await Catalogue.from(
    [...from.ids()].map((id) => [id, turned(from.vector(id))]),
    { dim: 8 },
  );
  const { report } = fitBridge(from, to);
  assert.ok(report.retention > 0.999 && report.recall > 0.98, JSON.stringify(report));
});

for (const dims of [
  [12, 10],
  [10, 12],
  [3, 9],
])
  test(`a history moves from ${dims[0]} to ${dims[1]} dimensions`, async () => {
    const { from, to } = await models({ dims });
    const { log } = await historyOf(from);
    const before = log.slice();
    const { log: migrated, report } = migrateLog(log, from, to);
    assert.deepEqual(log, before);
    // Items 0, 2, 3, 7 and a random one; "own" and the two items of the old catalogue only.
    assert.deepEqual(
      [report.actions, report.byId, report.bridged, report.withoutVector],
      [8, 5, 3, 0],
    );
    assert.ok(report.bridge.retention > 0.8);
    const [old, sage] = [await open(from), await open(to)];
    await rejects(sage.import(log), "dimension", /"a\/1" and "b\/1"|"b\/1" and "a\/1"/);
    await old.import(log);
    await sage.import(migrated);
    const withoutVector = ({ vector, ...action }) => action;
    const [expected, actions] = [await old.actions(), await sage.actions()];
    assert.deepEqual(actions.map(withoutVector), expected.map(withoutVector));
    assert.ok(actions.every(({ problem }) => problem === undefined));
    assert.deepEqual(await sage.hidden(), await old.hidden());
    const own = actions.find(({ item }) => item === "own");
    assert.ok(to.search(own.vector, { count: 1 })[0].score > 0.8);
    assert.equal((await sage.recommend({ count: 5 })).length, 5);
  });

test("random histories: counts add up, and all but vectors stays", async () => {
  const { from, to } = await models();
  for (let seed = 1; seed <= 20; seed += 1) {
    const { log } = await historyOf(from, { seed });
    const { report, log: migrated } = migrateLog(log, from, to);
    assert.equal(report.actions, report.byId + report.bridged + report.withoutVector);
    assert.deepEqual(migrateLog(log, from, to).log, migrated);
  }
});

test("devices that migrate on their own still merge, and nothing counts twice", async () => {
  const { from, to } = await models();
  const { log } = await historyOf(from);
  const sage = await open(to);
  await sage.import(migrateLog(log, from, to).log);
  const count = (await sage.actions()).length;
  await sage.import(migrateLog(log, from, to).log);
  assert.equal((await sage.actions()).length, count);
});

test("equal input has equal bits, the same as when this was written", async () => {
  const { from, to } = await models();
  const bridge = fitBridge(from, to);
  const hash = createHash("sha256");
  for (let index = 0; index < 20; index += 1) hash.update(bridge.convert(from.vector(idOf(index))));
  assert.equal(hash.digest("hex").slice(0, 16), BRIDGE_HASH);
});

test("a zero vector stays zero; other lengths and NaN are errors", async () => {
  const { from, to } = await models();
  const { convert } = fitBridge(from, to);
  assert.deepEqual(convert(new Float32Array(12)), new Float32Array(10));
  assert.throws(() => convert(new Float32Array(3)), { code: "dimension" });
  assert.throws(() => convert(new Float32Array(12).fill(NaN)), { code: "not-finite" });
});

test("too few shared items, and a bridge that keeps too little, are refused", async () => {
  const few = await models({ shared: 60 });
  await rejects(
    () => fitBridge(few.from, few.to),
    "option",
    /60 items are in both catalogues, expected at least 100/,
  );
  const noisy = await models({ noise: 20 });
  await rejects(
    () => fitBridge(noisy.from, noisy.to),
    "option",
    /keeps 0\.\d+ of the neighbourhood of 60 held-out items, expected at least 0\.8/,
  );
  assert.ok(fitBridge(noisy.from, noisy.to, { minRetention: 0 }).report.retention < 0.8);
  await rejects(() => fitBridge(few.from, few.from), "option", /both catalogues are of the space/);
  for (const minRetention of [-1, 1.1, "0.5"])
    await rejects(() => fitBridge(few.from, few.to, { minRetention }), "option", /minRetention/);
});

test("a history of ids needs no bridge, whatever the catalogues", async () => {
  const { from, to } = await models({ shared: 60 });
  const sage = await open(from);
  await sage.record([{ item: idOf(1) }, { item: idOf(2) }]);
  const { report } = migrateLog(await sage.export(), from, to);
  assert.deepEqual(report, { actions: 2, byId: 2, bridged: 0, withoutVector: 0 });
});

test("actions on items of neither catalogue are kept and counted", async () => {
  const { from, to } = await models();
  const sage = await openSage({ catalogue: from, now: () => NOW });
  await sage.record({ item: idOf(310) });
  const log = await sage.export();
  const smaller = await Catalogue.from(
    [...from.ids()].slice(0, 300).map((id) => [id, from.vector(id)]),
    { dim: from.dim, space: "a/1" },
  );
  const { report, log: migrated } = migrateLog(log, smaller, to);
  assert.deepEqual(report, { actions: 1, byId: 0, bridged: 0, withoutVector: 1 });
  const next = await open(to);
  await next.import(migrated);
  assert.equal((await next.actions()).length, 1);
  assert.deepEqual((await next.profile()).interests, []);
});

test("a store migrates with a backup, and rolls back bit by bit", async () => {
  const { from, to } = await models();
  const [store, backup] = [memoryStore(), memoryStore()];
  assert.equal(await migrateStore(store, backup, from, to), undefined);
  await rejects(rollback(store, backup), "option", /backup store is empty/);
  await historyOf(from, { store });
  const before = await store.load();
  const report = await migrateStore(store, backup, from, to);
  assert.equal(report.actions, 8);
  assert.deepEqual(await backup.load(), before);
  const sage = await open(to, store);
  assert.equal((await sage.actions()).length, 8);
  await sage.record({ item: idOf(20) });
  await sage.close();
  await rejects(migrateStore(store, backup, from, to), "dimension", /"a\/1"/);
  await rollback(store, backup);
  assert.deepEqual(await store.load(), before);
  assert.equal(await backup.load(), undefined);
  // A crash between backup and write: the same bytes in the backup are no obstacle.
  await backup.save(before);
  await migrateStore(store, backup, from, to);
  await store.save(before.slice(0, 40));
  await rejects(migrateStore(store, backup, from, to), "corrupt", /stored profile/);
});

test("a backup of other bytes is kept; a refused migration writes nothing", async () => {
  const { from, to } = await models();
  const { store, log } = await historyOf(from);
  const before = await store.load();
  const backup = memoryStore();
  await backup.save(log.slice(0, 8));
  await rejects(migrateStore(store, backup, from, to), "option", /backup store has the bytes/);
  await backup.clear();
  const noisy = await models({ noise: 20 });
  await rejects(migrateStore(store, backup, noisy.from, noisy.to), "option", /keeps/);
  assert.deepEqual(await store.load(), before);
  assert.equal(await backup.load(), undefined);
});

test("a bridge without a measure of what it keeps is refused", async () => {
  const { from } = await models();
  const flat = await Catalogue.from(
    [...from.ids()].map((id) => [id, [1, 0, 0]]),
    { dim: 3 },
  );
  await rejects(() => fitBridge(from, flat), "option", /keeps NaN .*expected at least 0\.8/);
});

test("a backup in the place of the store costs nothing", async () => {
  const { from, to } = await models();
  const { store } = await historyOf(from);
  const before = await store.load();
  const samePlace = { ...store, load: store.load, save: store.save, clear: store.clear };
  for (const backup of [store, samePlace]) {
    await rejects(rollback(store, backup), "option", /store and the backup are one/);
    assert.deepEqual(await store.load(), before);
  }
  await rejects(migrateStore(store, store, from, to), "option", /store and the backup are one/);
  // Two places with the same bytes: nothing is to be restored, and the backup is cleared.
  const backup = memoryStore();
  await backup.save(before);
  await rollback(store, backup);
  assert.deepEqual(await store.load(), before);
  assert.equal(await backup.load(), undefined);
});

test("arguments of other types are refused by name", async () => {
  const { from, to } = await models();
  const { log, store } = await historyOf(from);
  await rejects(() => fitBridge(from), "option", /to: expected a Catalogue .*saw undefined/);
  await rejects(() => fitBridge({}, to), "option", /from: expected a Catalogue .*saw an Object/);
  await rejects(() => fitBridge(from, to, null), "option", /expected an object, saw null/);
  await rejects(() => fitBridge(from, to, { min: 1 }), "option", /unknown option "min"/);
  await rejects(() => migrateLog(log, from), "option", /to: expected a Catalogue/);
  await rejects(
    migrateStore(store, null, from, to),
    "option",
    /backup: expected an object with load, save, clear/,
  );
  await rejects(
    rollback({}, memoryStore()),
    "option",
    /store: expected an object with load, save, clear/,
  );
});
