// Properties that hold for every history, checked with fast-check. The fixed seed makes failures
// reproducible.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { memoryStore, openSage } from "pocketsage";
import { DAY, DIM, ITEMS, NOW, smallCatalogue, vectorOf } from "./world.mjs";

fc.configureGlobal({ seed: 2020 });

const catalogue = await smallCatalogue();
const open = (options = {}) =>
  openSage({ catalogue, now: () => NOW, kinds: { save: 3 }, ...options });

const knownItem = fc.constantFrom(...ITEMS);
const vector = fc.float32Array({
  minLength: DIM,
  maxLength: DIM,
  noNaN: true,
  noDefaultInfinity: true,
  min: -100,
  max: 100,
});
/** Not in a range that record() refuses as seconds or dates. */
const isPlausible = (at) => !(at >= 1.9e7 && at <= 4.3e9);
const when = fc.oneof(
  fc.integer({ min: NOW - 90 * DAY, max: NOW }),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -9e13, max: 9e13 }).filter(isPlausible),
);
const extras = {
  at: when,
  weight: fc.option(fc.double({ min: 0.01, max: 50, noNaN: true }), { nil: undefined }),
  kind: fc.constantFrom(undefined, "save", "click"),
};
const action = fc.oneof(
  fc.record({ item: knownItem, ...extras }),
  fc.record({
    item: fc.string({ minLength: 1, maxLength: 8, unit: "binary" }).map((id) => `own ${id}`),
    vector,
    ...extras,
  }),
);
const history = fc.array(action, { maxLength: 25 });
const holds = (law, ...given) => fc.assert(fc.asyncProperty(...given, law), { numRuns: 60 });

test("export then import is identity", () =>
  holds(
    async (actions, hidden) => {
      const sage = await open();
      await sage.record(actions);
      for (const item of hidden) await sage.hide(item);
      const copy = await open();
      await copy.import(await sage.export());
      assert.deepEqual(await copy.export(), await sage.export());
      assert.deepEqual(await copy.profile(), await sage.profile());
    },
    history,
    fc.array(knownItem, { maxLength: 4 }),
  ));

test("import is idempotent", () =>
  holds(
    async (mine, theirs) => {
      const [sage, other] = await Promise.all([open(), open()]);
      await sage.record(mine);
      await other.record(theirs);
      const bytes = await other.export();
      await sage.import(bytes);
      const once = await sage.export();
      await sage.import(bytes);
      await sage.import(once);
      assert.deepEqual(await sage.export(), once);
    },
    history,
    history,
  ));

test("closing and reopening is identity", () =>
  holds(async (actions) => {
    const store = memoryStore();
    const sage = await open({ store });
    await sage.record(actions);
    const before = [await sage.export(), await sage.profile(), await sage.recommend()];
    await sage.close();
    const again = await open({ store });
    assert.deepEqual(
      [await again.export(), await again.profile(), await again.recommend()],
      before,
    );
  }, history));

test("forget after record restores the profile", () =>
  holds(
    async (actions, more) => {
      const sage = await open();
      await sage.record(actions);
      const before = [await sage.actions({ count: 100 }), await sage.profile()];
      await sage.record(
        more.map((added) => ({ ...added, item: "passing", vector: vectorOf("food-1") })),
      );
      assert.equal(await sage.forget("passing"), more.length);
      assert.deepEqual([await sage.actions({ count: 100 }), await sage.profile()], before);
    },
    history,
    fc.array(fc.record(extras), { minLength: 1, maxLength: 5 }),
  ));

test("recording one by one equals recording all at once", () =>
  holds(async (actions) => {
    const [single, whole] = await Promise.all([open(), open()]);
    for (const one of actions) await single.record(one);
    await whole.record(actions);
    assert.deepEqual(await single.actions(), await whole.actions());
    assert.deepEqual(await single.profile(), await whole.profile());
  }, history));

test("a record that is refused changes nothing", () =>
  holds(
    async (actions, bad, place) => {
      const sage = await open();
      await sage.record(actions);
      const before = await sage.export();
      await assert.rejects(sage.record(actions.toSpliced(place % (actions.length + 1), 0, bad)), {
        name: "SageError",
      });
      assert.deepEqual(await sage.export(), before);
    },
    history,
    fc.constantFrom(
      { item: "ghost" },
      { item: "food-1", at: NaN },
      { item: "food-1", weight: 0 },
      { item: "x", vector: new Float32Array(1) },
    ),
    fc.nat(30),
  ));

test("recommend returns at most count distinct items, none acted on, hidden or excluded", () =>
  holds(
    async (actions, hidden, exclude, count, seed) => {
      const sage = await open();
      await sage.record(actions);
      for (const item of hidden) await sage.hide(item);
      const picks = await sage.recommend({
        count,
        exclude,
        ...(seed === undefined ? {} : { pick: { seed } }),
      });
      const never = new Set([...actions.map(({ item }) => item), ...hidden, ...exclude]);
      const items = picks.map(({ item }) => item);
      assert.ok(items.every((item) => !never.has(item) && catalogue.has(item)));
      assert.equal(new Set(items).size, items.length);
      const left = ITEMS.filter((item) => !never.has(item)).length;
      if (seed === undefined) assert.equal(items.length, Math.min(count, left));
      assert.ok(items.length <= Math.min(count, left));
    },
    history,
    fc.array(knownItem, { maxLength: 5 }),
    fc.array(knownItem, { maxLength: 5 }),
    fc.integer({ min: 1, max: 70 }),
    fc.option(fc.nat(1000), { nil: undefined }),
  ));

test("the interests partition the actions, and their shares sum to 1", () =>
  holds(async (actions) => {
    const sage = await open();
    await sage.record(actions);
    const { interests, actions: count } = await sage.profile();
    assert.equal(count, actions.length);
    assert.deepEqual(
      new Set(interests.flatMap(({ items }) => items)),
      new Set(actions.map(({ item }) => item)),
    );
    for (const { items, medoid, lastActive } of interests) {
      assert.ok(items.includes(medoid));
      assert.equal(new Set(items).size, items.length);
      assert.ok(actions.some(({ item, at }) => items.includes(item) && at === lastActive));
    }
    if (actions.length > 0)
      assert.ok(
        Math.abs(interests.reduce((sum, { importance }) => sum + importance, 0) - 1) < 1e-9,
      );
  }, history));

test("preview is what recommend sends", () =>
  holds(
    async (actions, options) => {
      const sent = [];
      const sage = await open({
        retriever: async (queries) => {
          sent.push(
            JSON.stringify(
              queries.map(({ vector: numbers, ...rest }) => ({ vector: [...numbers], ...rest })),
            ),
          );
          return queries.map(() => []);
        },
      });
      await sage.record(actions);
      const shown = await sage.preview(options);
      await sage.recommend(options);
      assert.deepEqual(
        shown.map(({ bytes }) => new TextDecoder().decode(bytes)),
        sent,
      );
    },
    history,
    fc.record({
      count: fc.integer({ min: 1, max: 500 }),
      interests: fc.integer({ min: 1, max: 10 }),
      focus: fc.constantFrom(0, 0.3, 1),
      pick: fc.oneof(fc.constant("top"), fc.record({ seed: fc.nat(99) })),
    }),
  ));

test("two writers in any order lose no action", () =>
  holds(
    async (steps) => {
      const store = memoryStore();
      const writers = await Promise.all([open({ store }), open({ store })]);
      const writes = steps.map(([writer, wait, one]) => {
        const writing = writers[writer].record(one);
        return wait ? writing : { writing };
      });
      await Promise.all(writes.map((write) => write.writing ?? write));
      assert.equal((await (await open({ store })).profile()).actions, steps.length);
    },
    fc.array(fc.tuple(fc.nat(1), fc.boolean(), action), { maxLength: 20 }),
  ));
