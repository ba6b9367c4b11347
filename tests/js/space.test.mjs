// Names of vector spaces: two named spaces never mix, and an unnamed one fits every other.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Catalogue, init, memoryStore, openSage } from "pocketsage";
import {
  chroma,
  decodeMedoids,
  elasticsearch,
  encodeMedoids,
  httpRetriever,
  localRetriever,
  milvus,
  pgvector,
  pinecone,
  qdrant,
  redis,
  resilient,
  typesense,
  vectorize,
  withFallback,
} from "pocketsage/remote";
import { DIM, ITEMS, NOW, rejects, vectorOf } from "./world.mjs";

const [A, B] = ["model-a@1/8/unit", "model-b@2/8/unit"];
const BOTH = /"model-[ab]@\d\/8\/unit" and "model-[ab]@\d\/8\/unit".*pocketsage\/migrate/;
const now = () => NOW;
const items = ITEMS.map((item) => [item, vectorOf(item)]);
const catalogueOf = (space) => Catalogue.from(items, { dim: DIM, ...(space && { space }) });
const own = { item: "own", vector: vectorOf("food-30") };

await init();

test("a catalogue keeps the name of its space through bytes and changes", async () => {
  const catalogue = await catalogueOf(A);
  assert.equal(catalogue.space, A);
  catalogue.add([["more", vectorOf("food-31")]]);
  catalogue.remove(["food-1"]);
  catalogue.compact();
  assert.equal(catalogue.space, A);
  assert.equal((await Catalogue.fromBytes(catalogue.toBytes())).space, A);
  catalogue.close();
  assert.equal(catalogue.space, A);
  assert.equal((await catalogueOf()).space, undefined);
});

test("a name that is empty, too long or no string is an error", async () => {
  for (const space of ["", "x".repeat(129), 7, null, "\ud800"]) {
    await rejects(Catalogue.from(items, { dim: DIM, space }), "option", /space: expected a name/);
    await rejects(openSage({ dim: DIM, space }), "option", /openSage: space: expected a name/);
  }
});

test("catalogue, retriever and option must be of one space", async () => {
  const [a, b, unnamed] = await Promise.all([A, B, undefined].map(catalogueOf));
  await rejects(openSage({ catalogue: a, space: B }), "dimension", BOTH);
  await rejects(openSage({ catalogue: a, retriever: localRetriever(b) }), "dimension", BOTH);
  await openSage({ catalogue: a, retriever: localRetriever(unnamed), space: A });
  await openSage({ catalogue: unnamed, space: B });
});

test("a stored history with vectors opens in its own space only", async () => {
  const store = memoryStore();
  const first = await openSage({ catalogue: await catalogueOf(), store, now });
  await first.record(own);
  await first.close();
  const sage = await openSage({ catalogue: await catalogueOf(A), store, now });
  await sage.record({ item: "food-1" });
  const exported = await sage.export();
  await sage.close();
  const named = memoryStore();
  const importing = await openSage({ dim: DIM, store: named, now });
  await importing.import(exported); // adopts the name
  await importing.close();
  await rejects(
    openSage({ catalogue: await catalogueOf(B), store: named, now }),
    "dimension",
    BOTH,
  );
  await rejects(openSage({ dim: 4, space: B, store: named, now }), "dimension", BOTH);
  const other = await openSage({ catalogue: await catalogueOf(B), now });
  await rejects(other.import(exported), "dimension", BOTH);
  assert.deepEqual(await other.actions(), []);
});

test("a history without vectors fits every space", async () => {
  const store = memoryStore();
  const sage = await openSage({ catalogue: await catalogueOf(A), store, now });
  await sage.record([{ item: "food-1" }, { item: "sport-2" }]);
  await sage.close();
  const next = await openSage({ catalogue: await catalogueOf(B), store, now });
  assert.equal((await next.profile()).actions, 2);
  // A vector that is recorded now is of the second space.
  await next.record(own);
  await next.close();
  await rejects(openSage({ catalogue: await catalogueOf(A), store, now }), "dimension", BOTH);
});

test("a message of medoids carries the name", () => {
  const queries = [{ item: "food-1", vector: vectorOf("food-1"), count: 3, space: A }];
  const decoded = decodeMedoids(encodeMedoids(queries));
  assert.equal(decoded[0].space, A);
  const unnamed = encodeMedoids(queries.map(({ space, ...query }) => query));
  assert.equal("space" in decodeMedoids(unnamed)[0], false);
  assert.throws(() => encodeMedoids([...queries, { ...queries[0], space: B }]), {
    code: "dimension",
  });
});

const url = "http://127.0.0.1:9/";
const query = async () => ({ rows: [] });
const fail = () => Promise.reject(new Error("no query may be sent"));
const ADAPTERS = [
  [chroma, { url, collection: "00000000-0000-4000-8000-000000000000" }],
  [elasticsearch, { url, index: "items" }],
  [httpRetriever, { url }],
  [milvus, { url, collection: "items" }],
  [pgvector, { query, table: "items" }],
  [pinecone, { url, apiKey: "key" }],
  [qdrant, { url, collection: "items" }],
  [redis, { command: async () => [], key: "items" }],
  [typesense, { url, collection: "items", apiKey: "key" }],
  [vectorize, { index: { query: fail, queryById: fail, getByIds: fail }, name: "items" }],
];
for (const [adapter, options] of ADAPTERS) {
  test(`${adapter.name} refuses queries and fallbacks of another space`, async () => {
    const [plain, engine] = [adapter(options), adapter({ ...options, space: A })];
    assert.equal(engine.space, A);
    assert.notEqual(plain.identity, engine.identity);
    const spaceQuery = { item: "1", vector: vectorOf("food-1"), count: 3, space: B };
    await rejects(engine.ask([spaceQuery]), "dimension", BOTH);
    await rejects(resilient(engine).ask([spaceQuery]), "dimension", BOTH);
    const fallback = localRetriever(await catalogueOf(B));
    assert.throws(() => withFallback(engine, fallback), { code: "dimension" });
    assert.equal(resilient(plain, { fallback }).space, B);
    await rejects(openSage({ dim: DIM, space: B, retriever: engine }), "dimension", BOTH);
    assert.throws(() => adapter({ ...options, space: 7 }), { code: "option" });
  });
}
