// A Chroma server, from the Python package chromadb.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../../../scripts/lib/http.mjs";
import { environment, scratch, start } from "./process.mjs";

/** Starts a server: its address, `load(items, dim)`, `kill`, `restart` and `stop`. */
export async function startChroma() {
  const folder = await scratch("chroma");
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const configuration = join(folder.path, "chroma.yaml");
  await writeFile(
    configuration,
    `port: ${port}\nlisten_address: "127.0.0.1"\npersist_path: "${join(folder.path, "store")}"\n`,
  );
  const run = () =>
    start(join(environment, "bin", "chroma"), ["run", configuration], {
      cwd: folder.path,
      ready: async () => (await fetch(`${url}/api/v2/heartbeat`)).ok,
      env: { ...process.env, ANONYMIZED_TELEMETRY: "False" },
    });
  let server = await run();
  const base = `${url}/api/v2/tenants/default_tenant/databases/default_database/collections`;
  return {
    name: "chroma",
    url,
    port,
    async load(items, dim) {
      const created = await call(base, {
        name: "items",
        configuration: {
          hnsw: { space: "cosine", ef_search: 200, ef_construction: 200, max_neighbors: 32 },
        },
      });
      for (let from = 0; from < items.length; from += 500) {
        const part = items.slice(from, from + 500);
        await call(`${base}/${created.id}/add`, {
          ids: part.map(({ id }) => id),
          embeddings: part.map(({ vector }) => Array.from(vector)),
          metadatas: part.map(({ colour, size }) => ({ colour, size })),
        });
      }
      return { collection: created.id, dim };
    },
    kill: () => server.stop("SIGKILL"),
    restart: async () => void (server = await run()),
    async stop() {
      await server.stop();
      await folder.remove();
    },
  };
}

async function call(address, body) {
  const reply = await fetch(address, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!reply.ok) throw new Error(`${address} answered ${reply.status}: ${await reply.text()}`);
  return reply.json();
}
