// Values that look harmless and would change nothing, or something else: they are refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Catalogue, cluster, indexedDbStore, init, memoryStore, openSage } from "pocketsage";
import { httpRetriever, localRetriever, memoryAnswers, qdrant, withCache } from "pocketsage/remote";
import { encryptedStore } from "pocketsage/vault";
import { rejects } from "./world.mjs";

await init();
const items = [
  ["a", [1, 0]],
  ["b", [0, 1]],
];
const catalogue = await Catalogue.from(items, { dim: 2 });
const sage = await openSage({ catalogue });
const option = (call, message) => rejects(call, "option", message);

test("lists that are none are no empty lists", async () => {
  for (const value of [42, {}, true, "ab", undefined, null]) {
    await option(() => Catalogue.from(value, { dim: 2 }), /expected a list of \[id, vector\], saw/);
    await option(() => catalogue.add(value), /expected a list of \[id, vector\], saw/);
    await option(() => catalogue.searchMany(value), /expected a list of vectors, saw/);
    await option(() => catalogue.setPriors(value), /expected a list of pairs, saw/);
    await option(() => catalogue.remove(value), /expected a list of item ids, saw/);
  }
  for (const method of ["hide", "unhide", "dislike", "undislike", "shown"])
    for (const value of [undefined, null])
      await option(sage[method](value), new RegExp(`${method}: expected a list .*saw ${value}`));
});

test("holes of arrays are values", async () => {
  // biome-ignore lint/suspicious/noSparseArray: the subject of this test
  const sparse = [, "a"];
  await option(sage.score(sparse), /item 0: expected an item's id/);
  await option(sage.rank(sparse), /item 0: expected an item's id/);
  // biome-ignore lint/suspicious/noSparseArray: the subject of this test
  await option(sage.record([, { item: "a" }]), /action 0: expected an object, saw undefined/);
  assert.equal((await sage.actions()).length, 0);
  const local = localRetriever(catalogue);
  // biome-ignore lint/suspicious/noSparseArray: the subject of this test
  await option(local.ask([, { item: "a", count: 1 }]), /query 0: expected an object/);
});

test("options that would be ignored", async () => {
  await option(() => catalogue.search([1, 0], Promise.resolve({ count: 1 })), /saw a Promise/);
  await option(sage.recommend(Promise.resolve({})), /expected an object, saw a Promise/);
  for (const name of ["exact", "variants"])
    for (const value of ["false", 0, null])
      await option(
        () => catalogue.search([1, 0], { [name]: value }),
        /expected true or false, saw/,
      );
  await option(sage.recommend({ exclude: null }), /expected a list of item ids, saw null/);
  await option(() => sage.subscribe(42), /subscribe: expected a function, saw 42/);
  for (const weights of [NaN, "", 0, null])
    await option(() => cluster([1, 0], { dim: 2, weights }), /weights: expected .*numbers, saw/);
  for (const count of [-1, 0, 1.5, 2 ** 32])
    await option(openSage({ catalogue, cut: { count } }), /cut.count: expected a whole number/);
});

test("stores: names, bytes and tokens of another kind", async () => {
  for (const name of ["", 42, {}, null])
    await option(() => indexedDbStore(name), /indexedDbStore: expected a non-empty string, saw/);
  const store = memoryStore();
  for (const bytes of [undefined, null, 42, "text"]) {
    await option(store.save(bytes), /expected a Uint8Array, saw/);
    await option(
      store.update(() => bytes),
      /expected a Uint8Array, saw/,
    );
  }
  await option(store.update(null), /update: expected a function, saw null/);
  assert.equal(await store.load(), undefined);
  for (const update of [42, {}])
    await option(
      openSage({ catalogue, store: { ...store, update } }),
      /update: expected a function/,
    );
  const secret = { passphrase: "x" };
  const { segments } = encryptedStore(memoryStore(), secret);
  const foreign = (await encryptedStore(memoryStore(), secret).segments.read()).token;
  for (const token of [null, 42, {}, { inner: 1 }, foreign]) {
    await option(segments.read(token), /token: expected one that `read` of this store has/);
    await option(segments.append(new Uint8Array(3), token), /token: expected one that `read`/);
    await option(segments.replace(new Uint8Array(3), token), /token: expected one that `read`/);
  }
  await option(segments.append(new Uint8Array(3)), /token: expected one .*saw undefined/);
});

test("engines: options and replies of fetch of another kind", async () => {
  const options = { url: "https://host.example", collection: "c" };
  for (const wrong of [{ url: {} }, { collection: "" }, { apiKey: 42 }, { filter: null }])
    await option(() => qdrant({ ...options, ...wrong }), /qdrant: \w+: expected|qdrant: filter/);
  await option(() => qdrant({ ...options, headers: new Map([["a", "b"]]) }), /saw a Map/);
  for (const apiKey of ["a\nb", "ключ"]) {
    const [answer] = await qdrant({ ...options, apiKey }).ask([{ vector: [1, 0], count: 1 }]);
    assert.equal(answer.error.code, "option", answer.error.message);
    assert.doesNotMatch(answer.error.message, /a\\?\nb|ключ/);
  }
  const retriever = httpRetriever({ url: options.url, fetch: async () => undefined });
  await option(retriever([{ vector: [1, 0], count: 1 }]), /resolves to a Response, saw undefined/);
});

test("a Map is a store of answers", async () => {
  const cached = withCache(localRetriever(catalogue), { store: new Map() });
  for (let call = 0; call < 2; call += 1)
    assert.equal((await cached.ask([{ item: "a", count: 1 }]))[0].status, "ok");
  await option(() => memoryAnswers("10"), /memoryAnswers: expected a whole number/);
});

test("messages are short and of whole words, whatever is passed", async () => {
  const long = "x".repeat(10_000_000);
  const throws = new Proxy({}, { get: () => assert.fail("read") });
  for (const call of [
    () => catalogue.search([1, 0], { [long]: 1 }),
    () => catalogue.search([1, 0], { filter: { field: long, is: 1 } }),
    () => catalogue.has(throws),
    () => catalogue.has({ constructor: { name: Symbol("x") } }),
    () => catalogue.has(10n ** 10_000n),
    () => sage.explain(long),
    () => sage.hide(long),
    () => sage.record({ item: long }),
    () => sage.recommend({ exclude: [long] }),
  ])
    await option((async () => call())(), /^.{1,500}$/);
});
