// Random requests from the OpenAPI document. No reply is a 500, each has a documented status and
// shape (see `request` in worker.mjs), and what is accepted leads to a profile.
//   FUZZ_RUNS=10000 node --test tests/edge/fuzz.test.mjs    more requests of each route
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { init } from "pocketsage";
import { smallCatalogue } from "../js/items.mjs";
import { makeCells, makeItems } from "../privacy/world.mjs";
import { requestOf } from "./arbitrary.mjs";
import { jsonOf } from "./fixture.mjs";
import { mint, startWorker } from "./worker.mjs";

const RUNS = Number(process.env.FUZZ_RUNS ?? 60);
let worker;
let catalogue;
let operations;
before(
  async () => {
    await init();
    catalogue = await smallCatalogue();
    // The catalogue is the engine, so that no failure is the engine's.
    worker = await startWorker({
      bindings: { ENGINE: "catalogue" },
      catalogue: catalogue.toBytes(),
      cells: (await makeCells(makeItems(100), 10)).files,
      limit: 10_000_000,
    });
    const document = await jsonOf(await worker.request("/openapi.json", { user: null }));
    operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        path,
        method: method.toUpperCase(),
        operation,
      })),
    );
  },
  { timeout: 120_000 },
);
after(async () => {
  await worker?.stop();
  catalogue?.close();
});

/** Sends a request; its reply must be documented. */
async function send({ path, method }, { query, headers, body }, token) {
  const [type, content] = body ?? [];
  const reply = await worker.request(`${path}${query}`, {
    token,
    method,
    headers: { ...headers, ...(type ? { "content-type": type } : {}) },
    ...(content === undefined ? {} : { body: content }),
  });
  return { status: reply.status, text: await reply.text() };
}

/** A new user for every few requests, so that histories are short and long. */
const users = () => {
  let count = 0;
  return () => mint({ sub: `fuzzed ${Math.floor(count++ / 25)}` });
};

async function assertUsable(token) {
  for (const path of ["/v1/profile?vectors=1", "/v1/recommendations", "/v1/export"]) {
    const reply = await worker.request(path, { token });
    assert.equal(reply.status, 200, `${path}: ${await reply.text()}`);
  }
}

const MODES = [
  ["nearly valid", false],
  ["valid", true],
];
for (const [name, valid] of MODES) {
  test(`${name} requests of every route`, { timeout: 600_000 }, async (t) => {
    const nextToken = users();
    for (const route of operations) {
      await t.test(`${route.method} ${route.path}`, async () => {
        const property = fc.asyncProperty(
          requestOf(route.operation, { valid }),
          async (request) => {
            const token = await nextToken();
            const { status, text } = await send(route, request, token);
            assert.ok(status < 500, `${status}: ${text}`);
            if (valid) assert.ok(isAllowed(status, text), `${status}: ${text}`);
            if (status < 300 && route.method !== "GET") await assertUsable(token);
          },
        );
        await fc.assert(property, { numRuns: RUNS, includeErrorInReport: true });
      });
    }
  });
}

/** Whether this is a permitted reply to a request that the OpenAPI document declares valid. */
function isAllowed(status, text) {
  if (status < 300 || status === 409 || status === 422) return true;
  if (status === 404 && text.includes("No such blob")) return true;
  // What JSON Schema cannot express, or the document says in words.
  return (
    status === 400 &&
    (/an item and a time range|needs an item or a vector|another unit|The body: /.test(text) ||
      /filter|personal=0|no request for cells/.test(text))
  );
}

test("damaged exports are refused or imported, and the profile still works", {
  timeout: 600_000,
}, async () => {
  const token = await mint({ sub: "damaged" });
  const json = {
    actions: ["food-1", "sport-1", "sport-2"].map((item) => ({ item, weight: 2, kind: "save" })),
  };
  await jsonOf(await worker.request("/v1/actions", { token, json }), 201);
  await jsonOf(await worker.request("/v1/hidden", { token, json: { item: "food-2" } }));
  const exported = await worker.request("/v1/export", { token });
  const bytes = new Uint8Array(await exported.arrayBuffer());
  const damage = fc.record({
    edits: fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 3 }),
    length: fc.oneof(fc.constant(bytes.length), fc.nat(bytes.length)),
  });
  const property = fc.asyncProperty(damage, async ({ edits, length }) => {
    const body = bytes.slice();
    for (const [at, value] of edits) body[at] = value;
    const route = { path: "/v1/import", method: "PUT" };
    const request = {
      query: "",
      headers: {},
      body: ["application/octet-stream", body.slice(0, length)],
    };
    const { status, text } = await send(route, request, token);
    assert.ok(status === 200 || status === 400, `${status}: ${text}`);
    await assertUsable(token);
  });
  await fc.assert(property, { numRuns: RUNS, includeErrorInReport: true });
});
