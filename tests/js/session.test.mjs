// The core's session, synchronised with the history: its profiles equal those of a new session,
// after any sequence of changes and after a crash of the core.
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildProfile, Catalogue, memoryStore, openSage } from "pocketsage";
import loadCore, { CoreSession } from "../../pkg/wasm/core.js";
import { trapNext } from "./traps.mjs";
import { NOW, rejects } from "./world.mjs";

const DIM = 6;

/** A seeded generator of numbers in [0, 1). */
function random(seed) {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

function randomAction(next, number) {
  const topic = Math.floor(next() * 3);
  const vector = Float32Array.from(
    { length: DIM },
    (_, at) => (at === topic ? 4 : 0) + Math.fround(next()),
  );
  return {
    item: `item ${number}`,
    vector,
    at: NOW - Math.floor(next() * 1e9),
    weight: next() < 0.3 ? 2 : 1,
  };
}

async function assertFromScratch(sage, actions) {
  const { interests } = await sage.profile();
  assert.deepEqual(interests, buildProfile(actions, { dim: DIM, now: NOW }).interests);
}

test("an updated profile equals one computed from scratch", async () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const next = random(seed);
    const sage = await openSage({ dim: DIM, now: () => NOW });
    let actions = Array.from({ length: 60 }, (_, number) => randomAction(next, number));
    await sage.record(actions);
    for (let step = 0; step < 15; step += 1) {
      if (next() < 0.4) {
        const { item } = actions[Math.floor(next() * actions.length)];
        assert.equal(await sage.forget(item), 1);
        actions = actions.filter((action) => action.item !== item);
      } else {
        const action = randomAction(next, 1000 + step);
        await sage.record(action);
        actions.push(action);
      }
      await assertFromScratch(sage, actions);
    }
    await sage.close();
  }
});

test("the profile follows when maxActions removes the oldest actions", async () => {
  const next = random(7);
  const sage = await openSage({ dim: DIM, maxActions: 40, now: () => NOW });
  const all = Array.from({ length: 100 }, (_, number) => randomAction(next, number));
  for (const [number, action] of all.entries()) {
    await sage.record(action);
    if (number % 10 === 9) {
      const newest = all
        .slice(0, number + 1)
        .sort((a, b) => b.at - a.at)
        .slice(0, 40);
      await assertFromScratch(
        sage,
        all.filter((one) => newest.includes(one)),
      );
    }
  }
});

test("two sages on one store see each other's actions", async () => {
  const next = random(8);
  const store = memoryStore();
  const [one, other] = [
    await openSage({ dim: DIM, store, now: () => NOW }),
    await openSage({ dim: DIM, store, now: () => NOW }),
  ];
  const actions = Array.from({ length: 30 }, (_, number) => randomAction(next, number));
  for (const [number, action] of actions.entries()) {
    const sage = number % 3 ? one : other;
    await sage.record(action);
    await assertFromScratch(sage, actions.slice(0, number + 1));
  }
});

/** Records the calls of CoreSession's methods during `work`, as [method, ...arguments]. */
async function coreCalls(work) {
  const calls = [];
  const originals = {};
  for (const method of ["add", "forget", "setWeight"]) {
    originals[method] = CoreSession.prototype[method];
    CoreSession.prototype[method] = function (...args) {
      calls.push([method, ...args]);
      return originals[method].apply(this, args);
    };
  }
  try {
    await work();
  } finally {
    Object.assign(CoreSession.prototype, originals);
  }
  return calls;
}

test("a replaced action that differs only in weight gets the new weight", async () => {
  const next = random(12);
  const actions = Array.from({ length: 30 }, (_, number) => ({
    ...randomAction(next, number),
    weight: 1,
  }));
  const sage = await openSage({ dim: DIM, now: () => NOW });
  await sage.record(actions);
  await assertFromScratch(sage, actions);

  // Forget an early action and the last one, and record the last one again with another weight.
  const last = { ...actions[29], weight: 7 };
  await sage.forget(actions[3].item);
  await sage.forget(last.item);
  await sage.record(last);
  const changed = [...actions.slice(0, 3), ...actions.slice(4, 29), last];
  const calls = await coreCalls(() => assertFromScratch(sage, changed));
  assert.deepEqual(calls, [
    ["forget", Uint32Array.of(3)],
    ["setWeight", 28, 7],
  ]);
  assert.deepEqual(await coreCalls(() => sage.profile()), [], "an unchanged history");
  await sage.close();
});

test("a new weight changes importances and medoids as a new session would", async () => {
  const next = random(13);
  const sage = await openSage({ dim: DIM, now: () => NOW });
  const actions = Array.from({ length: 60 }, (_, number) => ({
    ...randomAction(next, number),
    weight: 1,
  }));
  await sage.record(actions);
  await assertFromScratch(sage, actions);
  for (const weight of [50, 0.1, 1, 3]) {
    const last = { ...actions.pop(), weight };
    await sage.forget(last.item);
    await sage.record(last);
    actions.push(last);
    const calls = await coreCalls(() => assertFromScratch(sage, actions));
    assert.deepEqual(calls, [["setWeight", 59, weight]]);
  }
  await sage.close();
});

test("the profile follows changes of the catalogue", async () => {
  const catalogue = await Catalogue.from(
    [
      ["a", Float32Array.of(1, 0)],
      ["b", Float32Array.of(0, 1)],
    ],
    { dim: 2 },
  );
  const sage = await openSage({ catalogue, cut: { count: 2 }, now: () => NOW });
  await sage.record([{ item: "a" }, { item: "b" }]);
  const vectors = async () =>
    Object.fromEntries(
      (await sage.profile()).interests.map(({ medoid, vector }) => [
        medoid,
        [...vector].map(Math.round),
      ]),
    );
  assert.deepEqual(await vectors(), { a: [1, 0], b: [0, 1] });
  catalogue.add([["a", Float32Array.of(-1, 0)]]);
  assert.deepEqual(await vectors(), { a: [-1, 0], b: [0, 1] });
  catalogue.remove(["b"]);
  assert.deepEqual(await vectors(), { a: [-1, 0] });
  catalogue.close();
});

test("after a crash of the core the profile is recomputed, and nothing is lost", async () => {
  const next = random(9);
  const sage = await openSage({ dim: DIM, now: () => NOW });
  const actions = Array.from({ length: 50 }, (_, number) => randomAction(next, number));
  await sage.record(actions);
  await assertFromScratch(sage, actions);

  trapNext(CoreSession.prototype, "profile");
  const more = randomAction(next, 1);
  await sage.record(more);
  await rejects(sage.profile(), "crashed", /memory access out of bounds/);
  await assertFromScratch(sage, [...actions, more]);
});

test("closing a sage frees its memory", async () => {
  const next = random(10);
  const actions = Array.from({ length: 400 }, (_, number) => randomAction(next, number));
  const once = async () => {
    const sage = await openSage({ dim: DIM, now: () => NOW });
    await sage.record(actions.slice(1));
    await sage.profile();
    await sage.record(actions[0]);
    await sage.profile();
    await sage.close();
  };
  for (let round = 0; round < 3; round += 1) await once();
  const { memory } = await loadCore();
  const before = memory.buffer.byteLength;
  for (let round = 0; round < 30; round += 1) await once();
  assert.equal(memory.buffer.byteLength, before);
});
