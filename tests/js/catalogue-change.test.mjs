// Changes to a catalogue: after any sequence, it equals a catalogue built from the resulting items.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Catalogue } from "pocketsage";
import { diffCatalogues } from "../../pkg/cli/build/diff.js";
import { buildLists } from "../../pkg/cli/build/inverted-lists.js";
import { rejects, seeded } from "./world.mjs";

const DIM = 6;
const entry = (name, version, prior = version * 7.5) => {
  const random = seeded(name * 31 + version);
  return [
    `id ${name}`,
    Float32Array.from({ length: DIM }, () => random() - 0.5),
    { name, version, even: name % 2 === 0 ? "yes" : ["no", "odd"] },
    prior,
  ];
};
const attributes = ["name", "even"];
const build = (entries, options) => Catalogue.from(entries, { dim: DIM, attributes, ...options });
const query = entry(99, 99)[1];

/** The observable contents of a catalogue, in an order that does not depend on its rows. */
function contents(catalogue) {
  const ids = [...catalogue.ids()].sort();
  const filter = {
    any: [
      { field: "even", is: "odd" },
      { field: "name", to: 3 },
    ],
  };
  const sorted = (hits) => hits.sort((a, b) => b.score - a.score || (a.item < b.item ? -1 : 1));
  return {
    size: catalogue.size,
    spread: Math.round(catalogue.spread * 1e9),
    attributes: catalogue.attributes(),
    items: ids.map((id) => [id, catalogue.has(id), catalogue.payload(id), catalogue.vector(id)]),
    priors: ids.map((id) => catalogue.prior(id)),
    all: sorted(catalogue.search(query, { count: 100 })),
    filtered: catalogue.size > 0 && sorted(catalogue.search(query, { count: 100, filter })),
  };
}

const names = fc.uniqueArray(fc.nat(12), { maxLength: 6 });
const step = fc.oneof(
  fc.record({ add: names, version: fc.nat(5) }),
  fc.record({ remove: names }),
  fc.record({ priors: fc.array(fc.tuple(fc.nat(12), fc.nat(9)), { maxLength: 6 }) }),
  fc.constant({ compact: true }),
  fc.constant({ file: true }),
);

for (const options of [{}, { metric: "l2" }, { precision: "compact", metric: "ip" }]) {
  test(`any sequence of changes equals a new build: ${JSON.stringify(options)}`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
        const model = new Map([0, 1, 2].map((name) => [name, entry(name, 0)]));
        let catalogue = await build([...model.values()], options);
        for (const { add, version, remove, priors, compact, file } of steps) {
          if (add) {
            catalogue.add(add.map((name) => entry(name, version)));
            for (const name of add) model.set(name, entry(name, version));
          }
          if (remove) {
            const known = remove.filter((name) => model.delete(name)).length;
            assert.equal(catalogue.remove(remove.map((name) => `id ${name}`)), known);
          }
          if (priors) {
            const known = priors.filter(([name]) => model.has(name)).length;
            const pairs = priors.map(([name, prior]) => [`id ${name}`, prior]);
            assert.equal(catalogue.setPriors(pairs), known);
            const newPriors = new Map(priors);
            for (const [name, [id, vector, payload]] of model)
              model.set(name, [id, vector, payload, newPriors.get(name)]);
          }
          if (compact) catalogue.compact();
          if (file) catalogue = await Catalogue.fromBytes(catalogue.toBytes());
        }
        assert.deepEqual(contents(catalogue), contents(await build([...model.values()], options)));
        catalogue.close();
      }),
      { seed: 2, numRuns: 60 },
    );
  });
}

test("a delta turns the older catalogue into the newer one and is refused by others", async () => {
  const ids = fc.uniqueArray(fc.tuple(fc.nat(15), fc.nat(2), fc.nat(2)), {
    selector: ([name]) => name,
    maxLength: 10,
  });
  await fc.assert(
    fc.asyncProperty(fc.array(ids, { minLength: 2, maxLength: 4 }), async (versions) => {
      const catalogues = [];
      for (const version of versions)
        catalogues.push(await build(version.map((item) => entry(...item))));
      const catalogue = await Catalogue.fromBytes(catalogues[0].toBytes());
      for (const [at, newer] of catalogues.slice(1).entries()) {
        const { bytes, changed, priors, dropped } = diffCatalogues(catalogues[at], newer);
        const before = new Map(versions[at].map(([name, v]) => [name, v]));
        assert.equal(
          changed,
          versions[at + 1].filter(([name, v]) => before.get(name) !== v).length,
        );
        const olderPriors = new Map(versions[at].map(([name, , prior]) => [name, prior]));
        assert.equal(
          priors,
          versions[at + 1].filter(
            ([name, v, prior]) => before.get(name) === v && olderPriors.get(name) !== prior,
          ).length,
        );
        assert.equal(
          dropped,
          versions[at].filter(([name]) => !versions[at + 1].some(([other]) => other === name))
            .length,
        );
        catalogue.merge(bytes);
        assert.equal(catalogue.revision, newer.revision);
        assert.deepEqual(contents(catalogue), contents(newer));
        catalogue.compact();
        assert.equal(catalogue.revision, newer.revision);
        assert.deepEqual(contents(catalogue), contents(newer));
        if (newer.hash !== catalogues[at].hash)
          await rejects(
            () => newer.merge(bytes),
            "option",
            /a delta of revision [0-9a-f]{16}, saw one of [0-9a-f]{16}/,
          );
      }
    }),
    { seed: 3, numRuns: 40 },
  );
});

test("a delta is small; a delta is no catalogue, and a catalogue is no delta", async () => {
  const many = Array.from({ length: 500 }, (_, name) => entry(name, 0));
  const older = await build(many);
  const newer = await build(
    [...many.slice(5), entry(600, 1), entry(7, 3)].filter(
      ([id], at, all) => all.findLastIndex(([other]) => other === id) === at,
    ),
  );
  const { bytes, changed, dropped } = diffCatalogues(older, newer);
  assert.deepEqual([changed, dropped], [2, 5]);
  assert.ok(bytes.length < older.toBytes().length / 15, `${bytes.length}`);
  await rejects(Catalogue.fromBytes(bytes), "corrupt", /they are a delta/);
  await rejects(() => older.merge(newer.toBytes()), "corrupt", /expected a delta, saw a catalogue/);
  await rejects(() => older.merge("delta"), "option", /expected a Uint8Array, saw "delta"/);
  const before = older.hash;
  for (let at = 0; at < bytes.length; at += 97) {
    const altered = bytes.slice();
    altered[at] ^= 4;
    await rejects(() => older.merge(altered), at >= 16 && at < 20 ? "version" : "corrupt", /./);
  }
  assert.equal(older.hash, before, "a refused delta changes nothing");
});

test("invalid changes are refused and change nothing", async () => {
  const catalogue = await build([entry(1, 0), entry(2, 0)]);
  const before = catalogue.hash;
  await rejects(
    () => catalogue.add([entry(3, 0), entry(3, 1)]),
    "option",
    /"id 3" is the id of rows 2 and 3/,
  );
  await rejects(
    () => catalogue.add([["x", new Float32Array(2)]]),
    "dimension",
    /add: item 0 \("x"\): the vector has 2 components, expected 6/,
  );
  await rejects(
    () => catalogue.add([["x", new Float32Array(DIM).fill(NaN)]]),
    "not-finite",
    /add: item 0 \("x"\)/,
  );
  await rejects(
    () => catalogue.add([["x", new Float32Array(DIM), { name: "text" }]]),
    "option",
    /attributes: "name" of item 0/,
  );
  await rejects(() => catalogue.remove("id 1"), "option", /expected a list of item ids/);
  assert.equal(catalogue.hash, before);
  catalogue.close();
  await rejects(() => catalogue.compact(), "closed", /closed/);
});

test("lists find the neighbours of items and of averages, or are omitted", async () => {
  // 200 topics of 20 items, unlike each other: an average of five items is near to five topics.
  const dim = 32;
  const random = seeded(5);
  const topics = Array.from({ length: 200 }, () =>
    Array.from({ length: dim }, () => random() - 0.5),
  );
  const items = Array.from({ length: 4000 }, (_, row) => [
    `${row}`,
    Float32Array.from(topics[row % 200], (axis) => axis + 0.1 * (random() - 0.5)),
  ]);
  const flat = await Catalogue.from(items, { dim });
  const lists = await buildLists(await Catalogue.from(items, { dim }), items, () => {}, 0.5);
  assert.ok(lists.lists.count > 100 && lists.lists.probed < 10, JSON.stringify(lists.lists));
  const recallOf = (queries) => {
    const found = queries.map((query) => {
      const exact = flat.search(query, { count: 2, exact: true }).map(({ item }) => item);
      return lists.search(query, { count: 2 }).filter(({ item }) => exact.includes(item)).length;
    });
    return found.reduce((sum, count) => sum + count, 0) / (2 * queries.length);
  };
  const ofItems = items.slice(0, 200).map(([, vector]) => vector);
  const ofAverages = ofItems.map((vector, row) =>
    vector.map((axis, at) =>
      [7, 19, 31, 43].reduce((sum, step) => {
        return sum + items[row + step][1][at];
      }, axis),
    ),
  );
  assert.ok(recallOf(ofItems) >= 0.99, `items: ${recallOf(ofItems)}`);
  assert.ok(recallOf(ofAverages) >= 0.97, `averages: ${recallOf(ofAverages)}`);

  const noise = Array.from({ length: 1000 }, (_, row) => [
    `${row}`,
    Float32Array.from({ length: dim }, () => random() - 0.5),
  ]);
  const given = await Catalogue.from(noise, { dim });
  assert.equal(await buildLists(given, noise, () => {}, 0.5), given);
  assert.equal(given.lists, undefined, "a search would scan more than half");
  assert.equal((await buildLists(given, noise, () => {})).lists.count, 31, "on request");
});

test("inverted lists survive every change, and added items are found", async () => {
  const many = Array.from({ length: 900 }, (_, name) => entry(name, 0));
  const lists = await buildLists(await build(many), many, () => undefined);
  assert.equal(lists.lists.count, 28);
  assert.ok(lists.lists.recall >= 0.99 && lists.lists.probed >= 1);
  assert.deepEqual(
    lists.search(query, { exact: true }),
    (await build(many)).search(query).map((hit) => hit),
  );
  lists.add([["mine", query]]);
  lists.remove(["id 5", "id 6"]);
  assert.equal(lists.search(query, { count: 1 })[0].item, "mine");
  const before = lists.search(query, { exact: true });
  const filtered = lists
    .search(query, { filter: { field: "even", is: "odd" } })
    .map(({ item }) => item);
  lists.compact();
  assert.equal(lists.lists.count, 28);
  assert.deepEqual(lists.search(query, { exact: true }), before);
  assert.deepEqual(
    lists.search(query, { filter: { field: "even", is: "odd" } }).map(({ item }) => item),
    filtered,
  );
});

test("a delta of priors takes 6 bytes an item and a header", async () => {
  const items = Array.from({ length: 500 }, (_, name) => entry(name, 0, name));
  const older = await build(items);
  const newer = await build(
    items.map(([id, vector, payload, prior]) => [id, vector, payload, prior * 2 + 1]),
  );
  const { bytes, changed, priors, dropped } = diffCatalogues(older, newer);
  assert.deepEqual([changed, priors, dropped], [0, 500, 0]);
  assert.ok(bytes.length < 500 * 6 + 1300, `${bytes.length}`);
  older.merge(bytes);
  assert.equal(older.revision, newer.revision);
  assert.deepEqual(contents(older), contents(newer));
});
