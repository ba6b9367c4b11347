// Values, clocks and instances that once made a history unusable: each gives the right result.
import "fake-indexeddb/auto";
import assert from "node:assert/strict";
import { test } from "node:test";
import vm from "node:vm";
import { indexedDbStore, memoryStore, openSage } from "pocketsage";

const DAY = 86_400_000;
const vector = (...values) => Float32Array.from(values);

test("weight: a weight that record accepts never makes a profile fail", async () => {
  const store = memoryStore();
  const sage = await openSage({ dim: 2, store });
  for (const weight of [1_800_000, 1e-7, 1e9, 2 ** 40, Number.MIN_VALUE]) {
    const action = { item: `weight ${weight}`, vector: vector(1, 0), weight };
    await sage.record(action).catch((error) => assert.equal(error.code, "option", error.message));
  }
  await sage.record({ item: "b", vector: vector(0, 1) });
  assert.ok((await sage.profile()).interests.length > 0);
  await sage.close();
  const reopened = await openSage({ dim: 2, store });
  assert.ok((await reopened.profile()).interests.length > 0);
  await reopened.close();
});

for (const [name, openStore] of [
  ["stale", () => memoryStore()],
  ["stale-indexeddb", () => indexedDbStore("cases")],
]) {
  test(`${name}: another instance never sends what was forgotten`, async () => {
    const sent = [];
    const retriever = async (queries) => {
      sent.push(...queries.map(({ item }) => item));
      return queries.map(() => []);
    };
    const shared = openStore();
    const storeOf = () => (name === "stale" ? shared : openStore());
    const first = await openSage({ dim: 2, store: storeOf(), retriever });
    await first.record({ item: "secret", vector: vector(1, 0) });
    const second = await openSage({ dim: 2, store: storeOf(), retriever });
    await first.forget("everything");
    await second.recommend();
    assert.deepEqual(sent, []);
    await second.close();
    await first.close();
    const third = await openSage({ dim: 2, store: storeOf(), retriever });
    assert.equal((await third.profile()).actions, 0);
    await third.close();
  });
}

test("clock: a remembered profile equals a fresh one after the clock was corrected", async () => {
  const store = memoryStore();
  let now = 1.7e12;
  const open = () => openSage({ dim: 2, store, now: () => now });
  const sage = await open();
  await sage.record({ item: "a", vector: vector(1, 0) });
  now -= 400 * DAY;
  await sage.record({ item: "b", vector: vector(0, 1) });
  await sage.profile();
  now += 800 * DAY;
  const sharesOf = ({ interests }) =>
    interests.map(({ medoid, importance }) => [medoid, importance]);
  const remembered = sharesOf(await sage.profile());
  const fresh = sharesOf(await (await open()).profile());
  assert.deepEqual(remembered, fresh);
});

test("realm: vectors of another realm, and arrays of numbers, are accepted", async () => {
  const Foreign = vm.runInNewContext("Float32Array");
  const sage = await openSage({ dim: 3 });
  await sage.record({ item: "foreign", vector: Foreign.of(1, 0, 0) });
  await sage.record({ item: "numbers", vector: [0, 1, 0] });
  assert.equal((await sage.profile()).actions, 2);
});
