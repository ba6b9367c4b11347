// The pgvector adapter against a real PostgreSQL server.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { pgvector } from "pocketsage/remote";
import { conformance } from "./conformance.mjs";
import { DIM, exactNeighbours, makeItems } from "./items.mjs";
import { startPostgres } from "./servers/postgres.mjs";

const engine = { items: makeItems() };
let server;
const pools = [];
before(
  async () => {
    server = await startPostgres();
    await server.load(engine.items, DIM);
    await server.query("create role stranger login");
    engine.make = (options) =>
      pgvector({ query: server.query, table: "items", dim: DIM, ...options });
    const queryWith = (settings) => {
      const pool = server.connect(settings);
      pools.push(pool);
      return (text, values) => pool.query(text, values);
    };
    engine.indexed = (options) =>
      pgvector({
        query: queryWith({
          options: "-c enable_seqscan=off -c enable_sort=off -c enable_bitmapscan=off",
        }),
        table: "items",
        dim: DIM,
        ...options,
      });
    engine.unauthorized = () =>
      pgvector({ query: queryWith({ user: "stranger" }), table: "items", dim: DIM });
    engine.unreachable = () =>
      pgvector({ query: queryWith({ port: 1 }), table: "items", dim: DIM });
    engine.missing = () => pgvector({ query: server.query, table: "nothing_here", dim: DIM });
  },
  { timeout: 120_000 },
);
after(async () => {
  await Promise.all(pools.map((pool) => pool.end().catch(() => undefined)));
  await server?.stop();
});

conformance("pgvector", engine);

test("pgvector: an HNSW index scan returns more hits than hnsw.ef_search = 40", async () => {
  const queries = [3, 4].map((row) => ({ item: engine.items[row].id, count: 150 }));
  for (const answer of await engine.indexed().ask(queries)) assert.equal(answer.hits.length, 150);
});

test("pgvector: a filter that passes 1 % of the items, with an HNSW index scan", async () => {
  const item = engine.items[3].id;
  const [answer] = await engine
    .indexed({ filter: { field: "size", is: 42 } })
    .ask([{ item, count: 18 }]);
  assert.equal(answer.status, "ok", answer.error?.message);
  const expected = exactNeighbours(
    engine.items.filter(({ size }) => size === 42),
    engine.items[3].vector,
    18,
    item,
  );
  assert.equal(answer.hits.length, 18);
  assert.ok(
    answer.hits.filter(({ item: found }) => expected.some(({ item: each }) => each === found))
      .length >= 17,
  );
});
