// A sage reuses the hits of its last search. After any sequence of calls, recommendations equal
// those of a new sage with the same log, which has nothing to reuse.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Catalogue, openSage } from "pocketsage";

const NOW = Date.UTC(2026, 0, 15);
const HOUR = 3_600_000;
/** More items than hits of a query, and excluded ones, so that hits must be searched again. */
const ITEMS = 900;
const DIM = 12;

/** Numbers in [0, 1), the same in each run. */
function seededNumbers(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A catalogue of items in groups, some of them duplicates, so that scores tie. */
async function buildCatalogue(random, options = {}) {
  const vectors = [];
  const items = Array.from({ length: ITEMS }, (_, row) => {
    const isDuplicate = row > 20 && random() < 0.1;
    const vector = isDuplicate
      ? vectors[Math.floor(random() * vectors.length)]
      : Float32Array.from({ length: DIM }, (_, axis) => random() - 0.5 + (axis === row % 9));
    vectors.push(vector);
    return [`item-${row}`, vector, { group: row % 3 }];
  });
  return Catalogue.from(items, { dim: DIM, attributes: ["group"], ...options });
}

for (const metric of ["cosine", "l2"])
  test(`searches are reused only where nothing else would be found (${metric})`, async () => {
    const random = seededNumbers(metric.length);
    const below = (n) => Math.floor(random() * n);
    const catalogue = await buildCatalogue(random, { metric });
    const anyItem = () => {
      const item = `item-${below(ITEMS)}`;
      return catalogue.has(item) ? item : anyItem();
    };
    let time = NOW;
    const open = () => openSage({ catalogue, now: () => time });
    const sage = await open();
    const record = (count) =>
      sage.record(
        Array.from({ length: count }, () => ({ item: anyItem(), at: time - below(99) * HOUR })),
      );
    await record(12);
    const changes = [
      () => record(1),
      () => record(1),
      () => record(40),
      () => sage.hide(Array.from({ length: below(60) }, anyItem)),
      async () => sage.unhide(await sage.hidden()),
      async () => sage.forget((await sage.actions())[0]?.item ?? anyItem()),
      () => sage.dislike(anyItem()),
      () => (time += below(1000) * HOUR),
      () => catalogue.setPriors([[anyItem(), 9]]),
      () => catalogue.setPriors([]),
      () => catalogue.remove([anyItem()]),
      () => {},
    ];
    const optionsOfCalls = [
      () => ({}),
      () => ({}),
      () => ({ offset: below(300), count: 50 }),
      () => ({ exclude: Array.from({ length: below(80) }, anyItem) }),
      () => ({ filter: { field: "group", is: below(3) } }),
      () => ({ focus: random(), popularity: random() }),
      // With and without the pool, whose items are further candidates of the same queries.
      () => ({ focus: 0, popularity: below(2) }),
      // More hits of each query than it has spare ones.
      async () => ({ exclude: (await sage.recommend({ count: 150 })).map(({ item }) => item) }),
      () => ({ interests: 1 + below(8), pick: { seed: below(3) } }),
      () => ({ personal: false }),
    ];
    for (let step = 0; step < 80; step += 1) {
      await changes[below(changes.length)]();
      const options = await optionsOfCalls[below(optionsOfCalls.length)]();
      const fresh = await open();
      await fresh.import(await sage.export());
      assert.deepEqual(
        await sage.recommend(options),
        await fresh.recommend(options),
        `step ${step}, ${JSON.stringify(options)}`,
      );
      await fresh.close();
    }
    await sage.close();
    catalogue.close();
  });

test("equal queries with another pool are not the same search", async () => {
  const catalogue = await buildCatalogue(seededNumbers(2));
  const items = [...catalogue.ids()];
  catalogue.setPriors(items.map((item, row) => [item, row]));
  const open = async () => {
    const sage = await openSage({ catalogue, now: () => NOW });
    await sage.record(["item-1", "item-11", "item-21"].map((item) => ({ item })));
    return sage;
  };
  const sage = await open();
  for (const popularity of [0, 1, 0]) {
    const options = { focus: 0, interests: 2, popularity, count: 300 };
    const expected = await (await open()).recommend(options);
    assert.deepEqual(await sage.recommend(options), expected, `popularity ${popularity}`);
  }
});

test("calls that alternate their options find and score what a new sage does", async () => {
  const random = seededNumbers(3);
  const catalogue = await buildCatalogue(random);
  const open = () => openSage({ catalogue, now: () => NOW });
  const sage = await open();
  for (let tap = 0; tap < 30; tap += 1) {
    const item = `item-${Math.floor(random() * ITEMS)}`;
    await sage.record({ item, at: NOW - (30 - tap) * HOUR });
    const fresh = await open();
    await fresh.import(await sage.export());
    // As the page: several interests, then one average, and later the default.
    for (const options of [{ focus: 0 }, { focus: 1 }, { exclude: ["item-7"] }])
      assert.deepEqual(
        await sage.recommend({ ...options, count: 60 }),
        await fresh.recommend({ ...options, count: 60 }),
        `tap ${tap}, ${JSON.stringify(options)}`,
      );
    await fresh.close();
  }
  await sage.close();
  catalogue.close();
});

test("a closed catalogue recommends nothing it found before", async () => {
  const catalogue = await buildCatalogue(seededNumbers(1));
  const sage = await openSage({ catalogue, now: () => NOW });
  await sage.record({ item: "item-1" });
  await sage.recommend();
  catalogue.close();
  await assert.rejects(sage.recommend(), { code: "closed" });
  assert.throws(() => catalogue.has("item-1"), { code: "closed" });
});

test("queries with equal vectors share hits: one interest, and one more action", async () => {
  const random = seededNumbers(5);
  const items = Array.from({ length: 60 }, (_, row) => [
    `item-${row}`,
    Float32Array.from({ length: DIM }, (_, axis) => random() * 0.2 + (axis === row % 3)),
  ]);
  const catalogue = await Catalogue.from(items, { dim: DIM });
  const open = () => openSage({ catalogue, now: () => NOW });
  const sage = await open();
  for (let count = 1; count <= 12; count += 1) {
    // Of one group, all at one time: the average is the centre of the only interest.
    await sage.record({ item: `item-${3 * count}`, at: NOW });
    for (const options of [{}, { focus: 0 }, { exclude: [`item-${3 * count + 1}`] }]) {
      const fresh = await open();
      await fresh.import(await sage.export());
      assert.deepEqual(await sage.recommend(options), await fresh.recommend(options));
      await fresh.close();
    }
  }
  catalogue.close();
});
