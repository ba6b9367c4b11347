// The Worker as a service: its bundle, origins, limits, document, log.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { bundle, mint, startWorker } from "./worker.mjs";
import { actionsOf, said, useWorker } from "./world.mjs";

const world = useWorker();

test("the bundle is below 1 MB gzipped", async () => {
  const { gzip } = await bundle();
  assert.ok(gzip < 1 << 20, `${gzip} bytes`);
});

test("pages of exactly the allowed origins may call", async () => {
  const options = (origin) =>
    world.worker.ask("/v1/profile", {
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

test("too many requests: 429 with Retry-After, for that user alone", async (t) => {
  const own = await startWorker({ limit: 3, catalogue: world.catalogue.toBytes() });
  t.after(() => own.stop());
  for (let request = 0; request < 3; request += 1)
    await said(await own.ask("/v1/profile", { user: "hasty" }));
  const reply = await own.ask("/v1/profile", { user: "hasty" });
  assert.equal(reply.headers.get("retry-after"), "60");
  assert.equal((await said(reply, 429)).error.code, "rate");
  await said(await own.ask("/v1/profile", { user: "patient" }));
});

test("the OpenAPI document names every route, and the bodies' schemas", async () => {
  const document = await said(await world.worker.ask("/openapi.json", { user: null }));
  assert.deepEqual(Object.keys(document.paths), [
    "/v1/actions",
    "/v1/hidden",
    "/v1/profile",
    "/v1/recommendations",
    "/v1/export",
    "/v1/retrieve",
  ]);
  const schema = document.paths["/v1/retrieve"].post.requestBody.content["application/json"].schema;
  assert.equal(schema.properties.medoids.maxItems, 16);
  assert.equal(schema.additionalProperties, false);
  assert.ok("application/cbor" in document.paths["/v1/retrieve"].post.requestBody.content);
  const { valid, errors } = await new Validator().validate(document);
  assert.ok(valid, JSON.stringify(errors));
});

test("what is nowhere is a 404, and the health is told to anybody", async () => {
  await said(await world.worker.ask("/v2/nothing"), 404);
  assert.deepEqual(await said(await world.worker.ask("/health", { user: null })), { ok: true });
});

test("the log says what was done, and nothing about anybody", async () => {
  await said(
    await world.worker.ask("/v1/retrieve", {
      user: "secret-name",
      json: { count: 5, medoids: [{ item: "animal-7" }] },
    }),
  );
  await said(await world.record("secret-name", actionsOf("animal-9")), 201);
  await new Promise((resolve) => setTimeout(resolve, 200));
  const text = world.worker.logged();
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

test("a page can read what went wrong", async () => {
  const headers = { origin: "https://shop.example" };
  for (const [reply, status] of [
    [await world.worker.ask("/v1/profile", { user: null, headers }), 401],
    [await world.worker.ask("/v1/retrieve", { json: {}, headers }), 400],
    [await world.worker.ask("/v1/nothing", { headers }), 404],
  ]) {
    assert.equal(reply.status, status);
    assert.equal(reply.headers.get("access-control-allow-origin"), "https://shop.example");
    assert.match(reply.headers.get("vary") ?? "", /origin/i);
    assert.equal(reply.headers.get("cache-control"), "no-store");
    await reply.text();
  }
});

test("visitors without a name are limited by where they come from, and take nothing from users", async (t) => {
  const own = await startWorker({ limit: 2, catalogue: world.catalogue.toBytes() });
  t.after(() => own.stop());
  const ask = async (token) =>
    (await own.ask("/v1/retrieve", { token, json: { count: 3, medoids: [{ item: "food-1" }] } }))
      .status;
  assert.deepEqual(
    [await ask(await mint()), await ask(await mint()), await ask(await mint())],
    [200, 200, 429],
  );
  for (const sub of ["anonymous", "anywhere", "from 127.0.0.1"])
    assert.equal(await ask(await mint({ sub })), 200);
});
