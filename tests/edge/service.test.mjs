// The Worker as a service: its size, allowed origins, rate limits and log.
import assert from "node:assert/strict";
import { test } from "node:test";
import { actionsOf, jsonOf, useWorker } from "./fixture.mjs";
import { bundle, mint, startWorker } from "./worker.mjs";

const edge = useWorker();

test("the bundle is smaller than 1 MB gzipped", async () => {
  const { gzip } = await bundle();
  assert.ok(gzip < 1 << 20, `${gzip} bytes`);
});

test("CORS allows exactly the configured origins", async () => {
  const options = (origin) =>
    edge.worker.request("/v1/profile", {
      user: null,
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "GET" },
    });
  assert.equal(
    (await options("https://shop.example")).headers.get("access-control-allow-origin"),
    "https://shop.example",
  );
  for (const origin of [
    "https://shop.example.evil.com",
    "http://shop.example",
    "https://evil.com",
    "null",
  ]) {
    assert.equal((await options(origin)).headers.get("access-control-allow-origin"), null, origin);
  }
});

test("the rate limit is per user, and its 429 has a Retry-After header", async (t) => {
  const worker = await startWorker({ limit: 3, catalogue: edge.catalogue.toBytes() });
  t.after(() => worker.stop());
  for (let request = 0; request < 3; request += 1)
    await jsonOf(await worker.request("/v1/profile", { user: "over-limit" }));
  const reply = await worker.request("/v1/profile", { user: "over-limit" });
  assert.equal(reply.headers.get("retry-after"), "60");
  assert.equal((await jsonOf(reply, 429)).error.code, "rate");
  await jsonOf(await worker.request("/v1/profile", { user: "under-limit" }));
});

test("an unknown path is a 404, and /health needs no token", async () => {
  await jsonOf(await edge.worker.request("/v2/nothing"), 404);
  assert.deepEqual(await jsonOf(await edge.worker.request("/health", { user: null })), {
    ok: true,
  });
});

test("the log has route, status and counts, and no user id, item id or token", async () => {
  await jsonOf(
    await edge.worker.request("/v1/retrieve", {
      user: "secret-name",
      json: { count: 5, medoids: [{ item: "animal-7" }] },
    }),
  );
  await jsonOf(await edge.record("secret-name", actionsOf("animal-9")), 201);
  await new Promise((resolve) => setTimeout(resolve, 200));
  const text = edge.worker.log();
  const line = text
    .split("\n")
    .find((each) => each.includes('"/v1/retrieve"') && each.includes('"local":1'));
  assert.ok(line, text.slice(-2000));
  assert.deepEqual(Object.keys(JSON.parse(line)).sort(), [
    "local",
    "medoids",
    "method",
    "milliseconds",
    "route",
    "status",
  ]);
  for (const word of ["secret-name", "animal-7", "animal-9", "Bearer", "eyJ"])
    assert.ok(!text.includes(word), word);
});

test("error responses have CORS headers, so that a page can read them", async () => {
  const headers = { origin: "https://shop.example" };
  for (const [reply, status] of [
    [await edge.worker.request("/v1/profile", { user: null, headers }), 401],
    [await edge.worker.request("/v1/retrieve", { json: {}, headers }), 400],
    [await edge.worker.request("/v1/nothing", { headers }), 404],
  ]) {
    assert.equal(reply.status, status);
    assert.equal(reply.headers.get("access-control-allow-origin"), "https://shop.example");
    assert.match(reply.headers.get("vary") ?? "", /origin/i);
    assert.equal(reply.headers.get("cache-control"), "no-store");
    await reply.text();
  }
});

test("tokens without a user are rate-limited per address, apart from users", async (t) => {
  const worker = await startWorker({ limit: 2, catalogue: edge.catalogue.toBytes() });
  t.after(() => worker.stop());
  const retrieve = async (token) =>
    (
      await worker.request("/v1/retrieve", {
        token,
        json: { count: 3, medoids: [{ item: "food-1" }] },
      })
    ).status;
  assert.deepEqual(
    [await retrieve(await mint()), await retrieve(await mint()), await retrieve(await mint())],
    [200, 200, 429],
  );
  for (const sub of ["anonymous", "anywhere", "from 127.0.0.1"])
    assert.equal(await retrieve(await mint({ sub })), 200);
});
