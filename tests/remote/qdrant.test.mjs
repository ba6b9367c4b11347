// The Qdrant adapter against a contract server made of Qdrant's official Python models and
// in-memory engine, because package registries have no Qdrant server.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { qdrant } from "pocketsage/remote";
import { freePort } from "../../scripts/lib/http.mjs";
import { conformance } from "./conformance.mjs";
import { DIM, exactNeighbours, makeItems, writeItems } from "./items.mjs";
import { environment, scratch, start } from "./servers/process.mjs";

const engine = { items: makeItems((row) => String(row)), unknown: "999999" };
let folder;
let server;
let common;
before(
  async () => {
    folder = await scratch("qdrant");
    const path = join(folder.path, "items.json");
    await writeItems(path, engine.items);
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const script = fileURLToPath(new URL("servers/qdrant_contract.py", import.meta.url));
    server = await start(
      join(environment, "bin", "python"),
      [script, String(port), path, "secret"],
      {
        ready: async () => (await fetch(`${url}/`, { method: "POST", body: "{}" })).status === 401,
      },
    );
    common = { url, collection: "items", apiKey: "secret", dim: DIM, timeout: 20_000 };
    engine.make = (options) => qdrant({ ...common, ...options });
    engine.unauthorized = () => qdrant({ ...common, apiKey: "guessed" });
    engine.unreachable = () => qdrant({ ...common, url: "http://127.0.0.1:1" });
    engine.missing = () => qdrant({ ...common, collection: "nothing_here" });
  },
  { timeout: 120_000 },
);
after(async () => {
  await server?.stop();
  await folder?.remove();
});

conformance("qdrant", engine);

test("qdrant: item ids in a field of the payload", async () => {
  const named = qdrant({ ...common, idField: "sku" });
  const answers = await named.ask([
    { item: "sku-12", count: 20 },
    { item: "sku-none", count: 20 },
  ]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    ["ok", "not-found"],
    JSON.stringify(answers.map(({ error }) => error?.message)),
  );
  assert.deepEqual(
    answers[0].hits.map(({ item }) => item),
    exactNeighbours(engine.items, engine.items[12].vector, 20, "12").map(
      ({ item }) => `sku-${item}`,
    ),
  );
});

test("qdrant: the contract server refuses a body with an unknown field", async () => {
  const reply = await fetch(`${common.url}/collections/items/points/query/batch`, {
    method: "POST",
    headers: { "api-key": "secret", "content-type": "application/json" },
    body: JSON.stringify({ searches: [{ query: 1, limit: 3, whith_payload: false }] }),
  });
  assert.equal(reply.status, 422);
});
