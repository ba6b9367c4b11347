// openSage keeps a session in the core. Its profiles are those of a new start, whatever came and went, and whatever happened to the core.
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildProfile, Catalogue, memoryStore, openSage } from "pocketsage";
import loadCore, { CoreSession } from "../../pkg/wasm/core.js";
import { NOW, rejects } from "./world.mjs";

const DIM = 6;

/** Numbers in [0, 1), the same every time. */
function random(seed) {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

function anyAction(next, number) {
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

async function assertFresh(sage, actions) {
  const { interests } = await sage.profile();
  assert.deepEqual(interests, buildProfile(actions, { dim: DIM, now: NOW }).interests);
}

test("a profile that followed is the profile of a new start", async () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const next = random(seed);
    const sage = await openSage({ dim: DIM, now: () => NOW });
    let actions = Array.from({ length: 60 }, (_, number) => anyAction(next, number));
    await sage.record(actions);
    for (let step = 0; step < 15; step += 1) {
      if (next() < 0.4) {
        const { item } = actions[Math.floor(next() * actions.length)];
        assert.equal(await sage.forget(item), 1);
        actions = actions.filter((action) => action.item !== item);
      } else {
        const action = anyAction(next, 1000 + step);
        await sage.record(action);
        actions.push(action);
      }
      await assertFresh(sage, actions);
    }
    await sage.close();
  }
});

test("the cap lets the oldest go, and the profile follows", async () => {
  const next = random(7);
  const sage = await openSage({ dim: DIM, maxActions: 40, now: () => NOW });
  const all = Array.from({ length: 100 }, (_, number) => anyAction(next, number));
  for (const [number, action] of all.entries()) {
    await sage.record(action);
    if (number % 10 === 9) {
      const newest = all
        .slice(0, number + 1)
        .sort((a, b) => b.at - a.at)
        .slice(0, 40);
      await assertFresh(
        sage,
        all.filter((one) => newest.includes(one)),
      );
    }
  }
});

test("two tastes on one store follow each other", async () => {
  const next = random(8);
  const store = memoryStore();
  const [one, other] = [
    await openSage({ dim: DIM, store, now: () => NOW }),
    await openSage({ dim: DIM, store, now: () => NOW }),
  ];
  const actions = Array.from({ length: 30 }, (_, number) => anyAction(next, number));
  for (const [number, action] of actions.entries()) {
    const sage = number % 3 ? one : other;
    await sage.record(action);
    await assertFresh(sage, actions.slice(0, number + 1));
  }
});

test("a profile follows its catalogue", async () => {
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

test("a crash of the core costs a new start and nothing else", async () => {
  const next = random(9);
  const sage = await openSage({ dim: DIM, now: () => NOW });
  const actions = Array.from({ length: 50 }, (_, number) => anyAction(next, number));
  await sage.record(actions);
  await assertFresh(sage, actions);

  const real = CoreSession.prototype.profile;
  CoreSession.prototype.profile = function (...args) {
    CoreSession.prototype.profile = real;
    this.__wbg_ptr = 0xfffffff0; // the wasm leaves its memory
    return real.apply(this, args);
  };
  const more = anyAction(next, 1);
  await sage.record(more);
  await rejects(sage.profile(), "crashed", /memory access out of bounds/);
  await assertFresh(sage, [...actions, more]);
});

test("the memory of closed tastes comes back", async () => {
  const next = random(10);
  const actions = Array.from({ length: 400 }, (_, number) => anyAction(next, number));
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
