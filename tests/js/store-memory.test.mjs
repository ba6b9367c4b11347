// A store may free the memory of what a sage has read once the sage ends its watch: never during
// a call, and not before `close` has saved.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { memoryStore, openSage, setMemoryBudget } from "pocketsage";
import { DIM, NOW, rejects, vectorOf } from "./world.mjs";

const DEFAULT_BUDGET = 16 << 20;
const ITEMS = ["food-1", "food-2", "sport-1"];

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc");

/**
 * A store of `source` that gives copies of the segments, and fills them with NaN when the watch
 * ends. `before` runs before each write.
 */
function freeingStore(source, before = async () => {}) {
  let readSegments = [];
  const state = { freed: 0 };
  const write = (method) => async (bytes, token) => {
    await before();
    const newToken = await source.segments[method](bytes.slice(), token);
    if (newToken !== undefined) bytes.fill(0xff);
    return newToken;
  };
  const segments = {
    async read(token) {
      const list = await source.segments.read(token);
      const copies = list.segments.map((bytes) => bytes.slice());
      readSegments.push(...copies);
      return { ...list, segments: copies };
    },
    append: write("append"),
    replace: write("replace"),
    watch: () => () => {
      state.freed += 1;
      for (const bytes of readSegments) bytes.fill(0xff);
      readSegments = [];
    },
  };
  return Object.assign({ ...source, segments }, { state });
}

async function storedSource() {
  const source = memoryStore();
  const sage = await openSage({ dim: DIM, store: source, now: () => NOW });
  await sage.record(ITEMS.map((item) => ({ item, vector: vectorOf(item) })));
  await sage.close();
  return source;
}

/** The items and vectors that a new sage reads from the store. */
async function contentOf(source) {
  const sage = await openSage({ dim: DIM, store: source, now: () => NOW });
  const actions = await sage.actions();
  await sage.close();
  return actions.map(({ item, vector }) => [item, [...vector]]).sort();
}

const contentOn = (items) => items.map((item) => [item, [...vectorOf(item)]]).sort();

test("close saves what failed before, from segments that the store frees afterwards", async () => {
  const source = await storedSource();
  let failures = 1;
  const store = freeingStore(source, async () => {
    if (failures-- > 0) throw new Error("the disk is full");
  });
  const sage = await openSage({ dim: DIM, store, now: () => NOW });
  // A deletion rewrites all vectors.
  await rejects(sage.forget("sport-1"), "storage", /disk is full/);
  assert.equal(store.state.freed, 0);
  await sage.close();
  assert.equal(store.state.freed, 1);
  assert.deepEqual(await contentOf(source), contentOn(ITEMS.slice(0, 2)));
});

test("a sage that the budget releases frees what it read, and reads it again", async () => {
  const store = freeingStore(await storedSource());
  const sage = await openSage({ dim: DIM, store, now: () => NOW });
  const { interests } = await sage.profile();
  setMemoryBudget(0);
  try {
    const other = await openSage({ dim: DIM });
    await other.profile();
    assert.equal(store.state.freed, 1);
    assert.deepEqual((await sage.profile()).interests, interests);
    await other.close();
  } finally {
    setMemoryBudget(DEFAULT_BUDGET);
    await sage.close();
  }
});

test("a sage that is garbage-collected during a call is freed after the call", async () => {
  const source = await storedSource();
  let finishWrite;
  const write = new Promise((resolve) => {
    finishWrite = resolve;
  });
  const store = freeingStore(source, () => write);
  const begin = async () => {
    const sage = await openSage({ dim: DIM, store, now: () => NOW });
    return { deleted: sage.forget("sport-1") };
  };
  const { deleted } = await begin();
  for (let round = 0; round < 3; round += 1) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.equal(store.state.freed, 0);
  finishWrite();
  assert.equal(await deleted, 1);
  assert.deepEqual(await contentOf(source), contentOn(ITEMS.slice(0, 2)));
  setMemoryBudget(0);
  try {
    const other = await openSage({ dim: DIM });
    await other.profile();
    await other.close();
    assert.equal(store.state.freed, 1);
  } finally {
    setMemoryBudget(DEFAULT_BUDGET);
  }
});
