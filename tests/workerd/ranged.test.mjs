// pocketsage/ranged in workerd: from an R2 bucket, from static assets and from a host.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Miniflare } from "miniflare";
import { serveRanges } from "../../scripts/lib/range-server.mjs";
import { buildRanged, PATH } from "../js/ranged-world.mjs";
import { bundle } from "./bundle.mjs";

let world;
let server;
let miniflare;
let expected;

before(
  async () => {
    world = await buildRanged({ n: 1000, precision: "compact" });
    server = await serveRanges({ [PATH]: world.bytes });
    const path = fileURLToPath(new URL("ranged-worker.mjs", import.meta.url));
    const { modules } = await bundle(path);
    miniflare = new Miniflare({
      modules,
      compatibilityDate: "2026-04-01",
      host: "127.0.0.1",
      port: 0,
      cf: false,
      r2Buckets: ["BUCKET"],
      // Static assets of Workers answer 200 to range requests: the whole file.
      serviceBindings: { ASSETS: () => new Response(world.bytes) },
    });
    await miniflare.ready;
    await (await miniflare.getR2Bucket("BUCKET")).put("items.sage", world.bytes);
    const hits = world.catalogue.search(world.vectors[3], { count: 5, exact: true });
    expected = hits.map(({ item }) => item);
  },
  { timeout: 60_000 },
);
after(async () => {
  await miniflare?.dispose();
  await server?.close();
});

/** What the Worker answers for a source. */
async function search(from) {
  const body = JSON.stringify({
    from,
    url: server.origin + PATH,
    query: [...world.vectors[3]],
  });
  const response = await miniflare.dispatchFetch("http://worker/", { method: "POST", body });
  return response.json();
}

for (const [from, mode] of [
  ["bucket", "ranges"],
  ["host", "ranges"],
  ["assets", "whole"],
])
  test(`a search from ${from} equals the exact scan`, { timeout: 30_000 }, async () => {
    const answer = await search(from);
    assert.equal(answer.message, undefined);
    assert.deepEqual([answer.mode, answer.items, answer.recommended], [mode, expected, 3]);
  });

test("an object that is not there is an error with a remedy", { timeout: 30_000 }, async () => {
  await (await miniflare.getR2Bucket("BUCKET")).delete("items.sage");
  const { code, message } = await search("bucket");
  assert.equal(code, "retrieval");
  assert.match(message, /no object of this key: upload it/);
});
