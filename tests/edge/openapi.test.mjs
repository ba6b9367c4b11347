// The OpenAPI document: valid, complete, and true. (Every reply in the tests of this folder is
// checked against it, too: see `request` in worker.mjs.)
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { LIMITS } from "pocketsage";
import { encodeXorRequest, splitCell } from "../../pkg/privacy/cells/xor.js";
import { listen } from "../../scripts/lib/http.mjs";
import { actionsOf, jsonOf, useWorker } from "./fixture.mjs";
import { mint, startWorker } from "./worker.mjs";

const edge = useWorker();
const loadDocument = async () => jsonOf(await edge.worker.request("/openapi.json", { user: null }));

const BLOB = { name: "?name=00000000000000000000000000000000", bytes: new Uint8Array(4096) };
BLOB.bytes.set(new TextEncoder().encode("sage.syn"));
new DataView(BLOB.bytes.buffer).setUint32(20, 4096, true);
const OCTETS = { "content-type": "application/octet-stream" };
const medoids = { count: 5, medoids: [{ item: "unknown-item" }] };
/** A valid request of each route. */
const REQUESTS = {
  "GET /health": {},
  "GET /openapi.json": {},
  "POST /v1/actions": { json: { actions: [{ item: "unknown-item" }] } },
  "GET /v1/actions": {},
  "DELETE /v1/actions": {},
  "POST /v1/hidden": { json: { item: "food-1" } },
  "GET /v1/hidden": {},
  "DELETE /v1/hidden": { query: "?item=food-1" },
  "POST /v1/disliked": { json: { item: "unknown-item" } },
  "DELETE /v1/disliked": { query: "?item=food-1" },
  "POST /v1/boosts": { json: { item: "food-1", factor: 0 } },
  "POST /v1/shown": { json: { item: "food-1", ttlDays: 1 } },
  "GET /v1/parameters": {},
  "GET /v1/profile": {},
  "GET /v1/recommendations": {},
  "POST /v1/rank": { json: { items: ["unknown-item"] } },
  "GET /v1/export": {},
  "PUT /v1/import": { body: new Uint8Array(), headers: OCTETS },
  "GET /v1/blobs": {},
  "DELETE /v1/blobs": {},
  "GET /v1/blob": { query: BLOB.name },
  "PUT /v1/blob": { query: BLOB.name, body: BLOB.bytes, headers: OCTETS },
  "DELETE /v1/blob": { query: BLOB.name },
  "POST /v1/retrieve": { json: medoids },
  "POST /v1/cells/xor": { body: new Uint8Array(), headers: OCTETS },
};
/** Routes for tokens without a user. */
const WITHOUT_USER = ["POST /v1/retrieve", "POST /v1/cells/xor"];
const ROUTES = Object.keys(REQUESTS);
const V1_ROUTES = ROUTES.filter((route) => route.includes("/v1/"));
const BODY_ROUTES = V1_ROUTES.filter((route) => /^(POST|PUT)/.test(route));
const LARGE_BODY_ROUTES = ["PUT /v1/import", "PUT /v1/blob"];
const NO_QUERY = ["GET /v1/hidden", "GET /v1/parameters", "GET /v1/export"];
const KEY_ROUTES = [
  "POST /v1/actions",
  "DELETE /v1/actions",
  "POST /v1/hidden",
  "DELETE /v1/hidden",
  "POST /v1/disliked",
  "DELETE /v1/disliked",
  "POST /v1/boosts",
];
const ENGINE_ROUTES = [
  "POST /v1/actions",
  "POST /v1/disliked",
  "GET /v1/recommendations",
  "POST /v1/rank",
  "POST /v1/retrieve",
];

/** Sends the route's request with changed options and asserts the status. */
async function expectStatus(worker, route, status, options = {}) {
  const [method, path] = route.split(" ");
  const { json, ...request } = { ...REQUESTS[route], ...options };
  const { query = "", ...rest } = request;
  const body = options.body === undefined && json !== undefined ? { json } : {};
  const reply = await worker.request(`${path}${query}`, { method, ...body, ...rest });
  assert.equal(reply.status, status, `${route}: ${await reply.clone().text()}`);
  seen.add(`${route} ${status}`);
  return reply;
}
const seen = new Set();

/**
 * The status of a request whose content-length is `bytes`, without its body: the Worker replies and
 * closes the connection before it has read a large one, at which fetch fails.
 */
async function statusOfDeclaredSize(worker, method, path, bytes) {
  const headers = {
    authorization: `Bearer ${await mint({ sub: "alice" })}`,
    "content-type": "application/octet-stream",
    "content-length": bytes,
  };
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, worker.url), { method, headers }, (response) => {
      resolve(response.statusCode);
      sent.destroy();
    });
    sent.on("error", reject);
    sent.flushHeaders();
  });
}

test("it is a valid OpenAPI 3.1 document", async () => {
  const document = await loadDocument();
  const { valid, errors } = await new Validator().validate(document);
  assert.ok(valid, JSON.stringify(errors));
  assert.equal(document.openapi, "3.1.0");
});

test("it has exactly the routes of the Hono app", async (t) => {
  const worker = await startWorker({ entry: "tests/edge/routes-worker.mjs" });
  t.after(() => worker.stop());
  const routes = await jsonOf(await worker.request("/", { user: null }));
  const document = await loadDocument();
  const documented = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
  assert.deepEqual(documented.sort(), routes.sort());
  assert.deepEqual(documented.sort(), [...ROUTES].sort());
});

test("bodies, parameters and replies have the limits of the schemas", async () => {
  const { paths } = await loadDocument();
  const retrieve = paths["/v1/retrieve"].post;
  const body = retrieve.requestBody.content["application/json"].schema;
  assert.equal(body.properties.medoids.maxItems, 16);
  assert.equal(body.properties.count.maximum, 200);
  assert.equal(body.additionalProperties, false);
  assert.ok("application/cbor" in retrieve.requestBody.content);
  const weight =
    paths["/v1/actions"].post.requestBody.content["application/json"].schema.properties.actions
      .items.properties.weight;
  assert.deepEqual(
    weight.anyOf.map(({ minimum, maximum }) => [minimum, maximum]),
    [
      [LIMITS.minWeight, LIMITS.maxWeight],
      [-LIMITS.maxWeight, -LIMITS.minWeight],
    ],
  );
  const parameters = paths["/v1/recommendations"].get.parameters;
  assert.deepEqual(
    parameters.map(({ name, schema }) => [name, schema.type, schema.minimum, schema.maximum]),
    [
      ["count", "integer", 1, 200],
      ["offset", "integer", 0, 10_000],
      ["interests", "integer", 1, 16],
      ["focus", "number", 0, 1],
      ["popularity", "number", 0, 1],
      ["diversity", "number", 0, 1],
      ["explore", "number", -1, 1],
      ["exploreSeed", "integer", 0, Number.MAX_SAFE_INTEGER],
      ["minScore", "number", -1, 1],
      ["filter", "string", undefined, undefined],
      ["personal", "string", undefined, undefined],
      ["exclude", "array", undefined, undefined],
      ["seed", "integer", 0, Number.MAX_SAFE_INTEGER],
    ],
  );
  for (const [path, operations] of Object.entries(paths))
    for (const [method, { summary, responses, security }] of Object.entries(operations)) {
      assert.ok(summary.length > 5, `${method} ${path}`);
      assert.equal(security.length, path.startsWith("/v1/") ? 1 : 0);
      for (const [status, { description, $ref, content }] of Object.entries(responses))
        assert.ok($ref ?? (description && content), `${method} ${path} ${status}`);
    }
});

test("replies of valid requests", async () => {
  const { worker } = edge;
  await expectStatus(worker, "GET /health", 200);
  await expectStatus(worker, "GET /openapi.json", 200);
  const headers = { "idempotency-key": "first-request" };
  const json = { actions: actionsOf("food-1", "food-2", "sport-1") };
  await expectStatus(worker, "POST /v1/actions", 201, { json, headers });
  await expectStatus(worker, "POST /v1/actions", 200, { json, headers });
  for (const route of KEY_ROUTES)
    await expectStatus(worker, route, 409, {
      headers,
      ...(route === "POST /v1/actions" ? { json: { actions: actionsOf("food-3") } } : {}),
    });
  await expectStatus(worker, "POST /v1/hidden", 200);
  await expectStatus(worker, "GET /v1/hidden", 200);
  await expectStatus(worker, "DELETE /v1/hidden", 200);
  await expectStatus(worker, "POST /v1/disliked", 200, { json: { item: "food-4" } });
  await expectStatus(worker, "POST /v1/boosts", 200);
  await expectStatus(worker, "POST /v1/shown", 200);
  await expectStatus(worker, "GET /v1/parameters", 200);
  await expectStatus(worker, "DELETE /v1/disliked", 200, { query: "?item=food-4" });
  await expectStatus(worker, "GET /v1/actions", 200, { query: "?count=2&vectors=1" });
  await expectStatus(worker, "GET /v1/profile", 200, { query: "?vectors=1" });
  await expectStatus(worker, "GET /v1/recommendations", 200, { query: "?count=3&seed=1" });
  await expectStatus(worker, "POST /v1/rank", 200, {
    json: {
      items: actionsOf("sport-1", "food-3").map(({ item, vector }) => ({ item, vector })),
      taste: 0.5,
      scores: true,
    },
  });
  const exported = await expectStatus(worker, "GET /v1/export", 200);
  const body = await exported.arrayBuffer();
  await expectStatus(worker, "PUT /v1/import", 200, { body });
  await expectStatus(worker, "POST /v1/retrieve", 200, {
    json: { count: 5, medoids: [{ item: "food-1" }, { item: "unknown-item" }] },
  });
  await expectStatus(worker, "DELETE /v1/actions", 200);
});

test("200 and 404 of blobs", async () => {
  const { worker } = edge;
  await expectStatus(worker, "GET /v1/blob", 404);
  await expectStatus(worker, "PUT /v1/blob", 200);
  await expectStatus(worker, "GET /v1/blobs", 200, { query: "?since=0" });
  await expectStatus(worker, "GET /v1/blob", 200);
  await expectStatus(worker, "DELETE /v1/blob", 200);
  await expectStatus(worker, "DELETE /v1/blobs", 200);
});

test("200 and 409 of cells", async () => {
  const [vector] = splitCell(1, 4, new Uint8Array(1));
  for (const [codebook, status] of [
    [edge.codebook, 200],
    ["0".repeat(64), 409],
  ]) {
    const body = encodeXorRequest({ codebook, cells: 4 }, [vector]);
    await expectStatus(edge.worker, "POST /v1/cells/xor", status, { body, headers: OCTETS });
  }
});

test("400, 401, 403, 413 and 415", async (t) => {
  const { worker } = edge;
  const anonymous = await mint();
  for (const route of V1_ROUTES) {
    await expectStatus(worker, route, 401, { user: null });
    await expectStatus(worker, route, 401, { token: "a.b.c" });
    if (!WITHOUT_USER.includes(route)) await expectStatus(worker, route, 403, { token: anonymous });
  }
  for (const route of BODY_ROUTES) {
    const isLarge = LARGE_BODY_ROUTES.includes(route);
    const isBinary = isLarge || route === "POST /v1/cells/xor";
    const invalid = { body: new Uint8Array() };
    await expectStatus(worker, route, 400, isBinary ? invalid : { json: {} });
    const headers = { "content-type": "text/plain" };
    await expectStatus(worker, route, 415, { body: "x", headers });
    if (isLarge) continue;
    const large = isBinary
      ? { body: new Uint8Array(600_000), headers: OCTETS }
      : { json: { item: "x".repeat(300_000) } };
    await expectStatus(worker, route, 413, large);
  }
  for (const route of LARGE_BODY_ROUTES) {
    const path = `${route.split(" ")[1]}${REQUESTS[route].query ?? ""}`;
    assert.equal(await statusOfDeclaredSize(worker, "PUT", path, (16 << 20) + 1), 413);
    seen.add(`${route} 413`);
  }
  for (const route of V1_ROUTES.filter((each) => /^(GET|DELETE)/.test(each)))
    if (!NO_QUERY.includes(route)) await expectStatus(worker, route, 400, { query: "?user=bob" });
  await expectStatus(worker, "DELETE /v1/actions", 400, { query: "?item=a&from=1" });

  // Routes without parameters: their 400 comes from stored vectors of another dimension.

  const folder = await mkdtemp(join(tmpdir(), "pocketsage-edge-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  for (const [dim, step] of [
    [
      "8",
      (own) =>
        expectStatus(own, "POST /v1/actions", 201, { json: { actions: actionsOf("food-1") } }),
    ],
    [
      "2",
      async (own) => {
        for (const route of NO_QUERY) await expectStatus(own, route, 400);
      },
    ],
  ]) {
    const own = await startWorker({ bindings: { DIM: dim }, durableObjectsPersist: folder });
    await step(own);
    await own.stop();
  }
});

test("422: an item in neither the request nor the catalogue that is the engine", async (t) => {
  const worker = await startWorker({
    bindings: { ENGINE: "catalogue" },
    catalogue: edge.catalogue.toBytes(),
  });
  t.after(() => worker.stop());
  await expectStatus(worker, "POST /v1/actions", 422);
  await expectStatus(worker, "POST /v1/disliked", 422);
  await expectStatus(worker, "POST /v1/boosts", 422, { json: { item: "unknown-item", factor: 2 } });
});

test("each route replies 429 above the limit, and 500 with invalid settings", async (t) => {
  const limited = await startWorker({ limit: 1 });
  t.after(() => limited.stop());
  await expectStatus(limited, "GET /v1/profile", 200);
  for (const route of V1_ROUTES) await expectStatus(limited, route, 429);
  const unset = await startWorker({ bindings: { TOKEN_KEYS: "" } });
  t.after(() => unset.stop());
  for (const route of V1_ROUTES) await expectStatus(unset, route, 500);
});

for (const route of ENGINE_ROUTES) {
  test(`502, 504 and 503 of ${route}`, { timeout: 60_000 }, async (t) => {
    let hang = false;
    const engine = await listen((_, response) => {
      if (!hang) response.writeHead(401).end();
    });
    t.after(engine.close);
    const url = engine.origin;
    const collection = "00000000-0000-4000-8000-000000000000";
    const worker = await startWorker({
      bindings: { ENGINE_OPTIONS: JSON.stringify({ url, collection }) },
    });
    t.after(() => worker.stop());
    if (route === "GET /v1/recommendations")
      await expectStatus(worker, "POST /v1/actions", 201, {
        json: { actions: actionsOf("food-1") },
      });
    await expectStatus(worker, route, 502);
    hang = true;
    await expectStatus(worker, route, 504);
    const [method, path] = route.split(" ");
    for (let attempt = 0; attempt < 6 && !seen.has(`${route} 503`); attempt += 1) {
      const reply = await worker.request(path, { method, ...REQUESTS[route] });
      if (reply.status === 503) {
        assert.equal(reply.headers.get("retry-after"), "10");
        seen.add(`${route} 503`);
      }
    }
  });
}

test("every documented status has occurred above, but for failures of the storage", async () => {
  const document = await loadDocument();
  const documented = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, { responses }]) =>
      Object.keys(responses).map((status) => `${method.toUpperCase()} ${path} ${status}`),
    ),
  );
  // No request can make Cloudflare's storage fail.
  const storageOnly = V1_ROUTES.filter((route) => !ENGINE_ROUTES.includes(route));
  const expected = documented.filter(
    (entry) => !storageOnly.some((route) => entry === `${route} 503`),
  );
  assert.deepEqual(
    expected.filter((entry) => !seen.has(entry)),
    [],
  );
});

test("docs/edge.md lists every route, error status and setting", async () => {
  const read = (path) => readFile(new URL(`../../${path}`, import.meta.url), "utf8");
  const [page, settings] = [await read("docs/edge.md"), await read("edge/src/settings.ts")];
  const rows = page.match(/^\| `?[^|`]+`?/gm).map((cell) => cell.replace(/[|`]/g, "").trim());
  const { components } = await loadDocument();
  const names = [...settings.matchAll(/^ {2}([A-Z_]+)\??:/gm)].map(([, name]) => name);
  assert.ok(names.includes("TOKEN_KEYS"));
  for (const name of [...ROUTES, ...Object.keys(components.responses), ...names])
    assert.ok(rows.includes(name), name);
});
