// The pgvector adapter against a real PostgreSQL.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { pgvector } from "pocketsage/remote";
import { conformance } from "./conformance.mjs";
import { startPostgres } from "./servers/postgres.mjs";
import { DIM, exact, worldOf } from "./world.mjs";

const engine = { items: worldOf() };
let server;
let pools = [];
before(
  async () => {
    server = await startPostgres();
    await server.load(engine.items, DIM);
    await server.query("create role stranger login");
    engine.make = (options) =>
      pgvector({ query: server.query, table: "items", dim: DIM, ...options });
    const through = (settings) => {
      const pool = server.connect(settings);
      pools.push(pool);
      return (text, values) => pool.query(text, values);
    };
    engine.indexed = (options) =>
      pgvector({
        query: through({
          options: "-c enable_seqscan=off -c enable_sort=off -c enable_bitmapscan=off",
        }),
        table: "items",
        dim: DIM,
        ...options,
      });
    engine.wrong = () =>
      pgvector({ query: through({ user: "stranger" }), table: "items", dim: DIM });
    engine.unreachable = () => pgvector({ query: through({ port: 1 }), table: "items", dim: DIM });
    engine.missing = () => pgvector({ query: server.query, table: "nothing_here", dim: DIM });
  },
  { timeout: 120_000 },
);
after(async () => {
  await Promise.all(pools.map((pool) => pool.end().catch(() => undefined)));
  await server?.stop();
});

conformance("pgvector", engine);

test("pgvector: through the HNSW index, which by itself gives 40 hits at most", async () => {
  const queries = [3, 4].map((row) => ({ item: engine.items[row].id, count: 150 }));
  for (const answer of await engine.indexed().ask(queries)) assert.equal(answer.hits.length, 150);
});

test("pgvector: a filter that leaves one item in a hundred, through the HNSW index", async () => {
  const item = engine.items[3].id;
  const [answer] = await engine
    .indexed({ filter: { field: "size", is: 42 } })
    .ask([{ item, count: 18 }]);
  assert.equal(answer.status, "ok", answer.error?.message);
  const exactly = exact(
    engine.items.filter(({ size }) => size === 42),
    engine.items[3].vector,
    18,
    item,
  );
  assert.equal(answer.hits.length, 18);
  assert.ok(
    answer.hits.filter(({ item: found }) => exactly.some(({ item: each }) => each === found))
      .length >= 17,
  );
});
