// Stores that fail after a write, crash at any step, or stay silent: each operation counts once.
// Sages on one store follow each other, and nothing forgotten leaves.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { memoryStore, openSage } from "pocketsage";
import { DAY, NOW, rejects, smallCatalogue, vectorOf } from "./world.mjs";

const catalogue = await smallCatalogue();
const open = (store, options = {}) => openSage({ catalogue, store, now: () => NOW, ...options });
const count = async (sage) => (await sage.actions({ count: 1000 })).length;

/** A store, with or without segments, whose calls follow `plan`: "ok", "refuse" or "lose". */
function faultyStore(inner, plan, hasSegments) {
  const run = async (work) => {
    const outcome = plan.shift() ?? "ok";
    if (outcome === "refuse") throw new Error("refused");
    const result = await work();
    if (outcome === "lose") throw new Error("written, but the answer was lost");
    return result;
  };
  const { segments } = inner;
  return {
    load: () => inner.load(),
    save: (bytes) => run(() => inner.save(bytes)),
    clear: () => run(() => inner.clear()),
    update: (change) => run(() => inner.update(change)),
    ...(hasSegments && {
      segments: {
        read: (token) => segments.read(token),
        append: (bytes, token) => run(() => segments.append(bytes, token)),
        replace: (bytes, token) => run(() => segments.replace(bytes, token)),
      },
    }),
  };
}

for (const hasSegments of [true, false]) {
  test(`each operation counts once, whatever fails; segments: ${hasSegments}`, () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom("ok", "refuse", "lose"), { maxLength: 20 }),
        fc.array(fc.nat(3), { minLength: 1, maxLength: 12 }),
        async (plan, steps) => {
          const inner = memoryStore();
          const sage = await open(faultyStore(inner, plan, hasSegments));
          const other = await open(inner);
          let expected = 0;
          for (const [at, kind] of steps.entries()) {
            if (kind === 3) {
              await sage.forget("food-1").catch(() => undefined);
              expected = 0;
            } else if (kind === 2) await other.hide(`sport-${at}`);
            else {
              await sage.record({ item: "food-1", at }).catch(() => undefined);
              expected += 1;
            }
          }
          plan.length = 0;
          await sage.record({ item: "food-2" });
          assert.equal(await count(sage), expected + 1);
          assert.equal(await count(await open(inner)), expected + 1);
          await sage.close();
          await other.close();
        },
      ),
      { numRuns: 150, seed: 5 },
    ));
}

test("what was acknowledged is there after a crash at any step", () =>
  fc.assert(
    fc.asyncProperty(fc.nat(30), async (crashAt) => {
      const inner = memoryStore();
      const plan = [...Array(crashAt).fill("ok"), ...Array(200).fill("refuse")];
      const sage = await open(faultyStore(inner, plan, true));
      let acknowledged = 0;
      for (let at = 0; at < 40; at += 1)
        await sage.record({ item: "food-1", at }).then(
          () => (acknowledged += 1),
          () => undefined,
        );
      assert.equal(await count(await open(inner)), acknowledged);
    }),
    { numRuns: 31, seed: 1 },
  ));

test("a silent store makes record reject, and the action is saved with the next", async () => {
  const inner = memoryStore();
  let isSilent = false;
  const { segments } = inner;
  const never = () => new Promise(() => undefined);
  const store = {
    ...inner,
    segments: {
      ...segments,
      append: (...args) => (isSilent ? never() : segments.append(...args)),
    },
  };
  const sage = await open(store, { storeTimeoutMs: 20 });
  isSilent = true;
  await rejects(sage.record({ item: "food-1" }), "storage", /not answered for 20 ms/);
  await rejects(sage.close(), "storage", /1 unsaved operations/);
  const again = await open(store, { storeTimeoutMs: 20 });
  await rejects(again.record({ item: "food-1" }), "storage", /not answered/);
  isSilent = false;
  await again.record({ item: "food-2" });
  assert.equal(await count(await open(inner)), 2);
});

for (const kind of ["segments", "load and save only"]) {
  test(`nothing that another sage has forgotten leaves, with ${kind}`, async () => {
    const inner = memoryStore();
    const { update: _, ...plain } = inner;
    const store = kind === "segments" ? inner : plain;
    const sent = [];
    const retriever = async (queries) => {
      sent.push(...queries.flatMap(({ item }) => item ?? []));
      return queries.map(() => []);
    };
    const one = await open(store, { retriever });
    await one.record([{ item: "food-1" }, { item: "sport-1", at: NOW - DAY }]);
    const two = await open(store, { retriever });
    await one.forget("food-1");
    await two.recommend();
    assert.deepEqual(sent, ["sport-1"]);
    assert.equal((await two.preview()).length, 1);
    await one.forget("everything");
    assert.deepEqual(await two.preview(), []);
    assert.doesNotMatch(new TextDecoder().decode(await two.export()), /food|sport/);
    await two.record({ item: "food-1" });
    assert.equal(await count(await open(store)), 1, "recorded after the deletion");
  });
}

test("sages on a memory store see a change without a call", async () => {
  const store = memoryStore();
  const [one, two] = await Promise.all([open(store), open(store)]);
  await one.record({ item: "food-1" });
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal((await two.profile()).actions, 1);
});

test("a clock that was ahead does not stop a full history from recording", async () => {
  let time = NOW + 365 * DAY;
  const sage = await openSage({ catalogue, maxActions: 3, now: () => time });
  for (const item of ["food-1", "food-2", "food-3"]) await sage.record({ item });
  time = NOW;
  assert.deepEqual(await sage.record({ item: "sport-1" }), { recorded: 1, dropped: 0 });
  const items = (await sage.actions()).map(({ item }) => item);
  assert.deepEqual(items, ["sport-1", "food-3", "food-2"]);
  const late = await sage.record({ item: "food-4", at: NOW - DAY });
  assert.deepEqual(late, { recorded: 0, dropped: 1 });
  time = NaN;
  await rejects(sage.record({ item: "food-5" }), "option", /openSage: now.*saw NaN/);
});

test("a poisoned history heals: what the core refuses is kept, left out and reported", async () => {
  const { encodeLog } = await import("../../pkg/sage/log-format.js");
  const stamp = (counter) => ({ counter, device: "ab".repeat(8) });
  const entries = [
    { item: "food-1", at: NOW, weight: 1e9, ...stamp(1) },
    { item: "own", at: NOW, vector: vectorOf("food-2"), weight: 1e-9, ...stamp(2) },
    { item: "sport-1", at: NOW, ...stamp(3) },
  ];
  const store = memoryStore();
  await store.save(encodeLog({ entries, marks: [], tombstones: [] }, 8));
  const sage = await open(store);
  const { actions, interests } = await sage.profile();
  assert.equal(actions, 1);
  assert.equal(interests[0].medoid, "sport-1");
  const problems = (await sage.actions()).map(({ item, problem }) => [item, problem !== undefined]);
  assert.deepEqual(problems, [
    ["sport-1", false],
    ["own", true],
    ["food-1", true],
  ]);
  assert.ok((await sage.recommend()).length > 0);
});
