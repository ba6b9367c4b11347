// The pgvector adapter against a real PostgreSQL.
import { after, before } from "node:test";
import { pgvector } from "pocketsage/remote";
import { conformance } from "./conformance.mjs";
import { startPostgres } from "./servers/postgres.mjs";
import { DIM, worldOf } from "./world.mjs";

const engine = { items: worldOf() };
let server;
let pools = [];
before(async () => {
  server = await startPostgres();
  await server.load(engine.items, DIM);
  await server.query("create role stranger login");
  engine.make = (options) => pgvector({ query: server.query, table: "items", dim: DIM, ...options });
  const through = (settings) => {
    const pool = server.connect(settings);
    pools.push(pool);
    return (text, values) => pool.query(text, values);
  };
  engine.wrong = () => pgvector({ query: through({ user: "stranger" }), table: "items", dim: DIM });
  engine.unreachable = () => pgvector({ query: through({ port: 1 }), table: "items", dim: DIM });
  engine.missing = () => pgvector({ query: server.query, table: "nothing_here", dim: DIM });
}, { timeout: 120_000 });
after(async () => {
  await Promise.all(pools.map((pool) => pool.end().catch(() => undefined)));
  await server?.stop();
});

conformance("pgvector", engine);
