// What is read is right: content-types, encodings and query strings that would be misread.
import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { encodeMedoids } from "pocketsage/remote";
import { actionsOf, jsonOf, useWorker } from "./fixture.mjs";

const edge = useWorker();
const body = JSON.stringify({ actions: actionsOf("food-1") });
const record = (user, options) => edge.worker.request("/v1/actions", { user, body, ...options });
const typed = (type) => ({ headers: { "content-type": type } });

test("application/json is JSON, in any case, with or without UTF-8 as its charset", async () => {
  for (const type of [
    "application/json",
    "Application/JSON",
    "application/json; charset=utf-8",
    'application/json;charset="UTF-8"',
    "application/json ; version=1",
  ])
    await jsonOf(await record("typed", typed(type)), 201);
});

test("types that only begin or end like application/json are refused", async () => {
  for (const type of [
    "application/json-patch+json",
    "application/json-seq",
    "application/jsonl",
    "application/json5",
    "application/json+x",
    "application/json/x",
    "application/vnd.api+json",
    "text/json",
    "text/plain; x=application/json",
    "application/json; charset=utf-16",
    "application/json; charset=iso-8859-1",
    "application/json, text/plain",
    "",
  ]) {
    const { error } = await jsonOf(await record("mistyped", typed(type)), 415);
    assert.match(error.message, /^content-type: expected application\/json, saw /);
  }
  const medoids = encodeMedoids([{ item: "food-1", count: 5 }]);
  const retrieve = (type) => edge.worker.request("/v1/retrieve", { body: medoids, ...typed(type) });
  await jsonOf(await retrieve("application/cbor"));
  await jsonOf(await retrieve("Application/CBOR"));
  for (const type of ["application/cbor-seq", "application/cbor-patch+cbor", "text/cbor"])
    await jsonOf(await retrieve(type), 415);
});

test("compressed bodies, and bytes that are no UTF-8, are refused", async () => {
  const headers = { "content-type": "application/json", "content-encoding": "gzip" };
  await jsonOf(await record("gzipped", { body: gzipSync(body), headers }), 415);
  const latin1 = Buffer.from('{"actions":[{"item":"caf\u00e9"}]}', "latin1");
  const { error } = await jsonOf(
    await record("latin1", { body: latin1, ...typed("application/json") }),
    400,
  );
  assert.match(error.message, /UTF-8/);
});

test("a query that would be misread is refused", async () => {
  const user = "queries";
  await jsonOf(await edge.record(user, actionsOf("food-1", "food-2")), 201);
  const request = (path, method) => edge.worker.request(path, { user, method });
  for (const query of [
    "?item=food-1&item=food-2",
    "?item=food-1&item=food-1",
    "?item=%FF",
    "?item=food-1%",
    "?item=%",
    "?%FF=1",
    "?item=",
    "?item",
    "?from=1&from=1",
    "?from=1e3",
    "?from=-1",
    "?from=0x10",
    "?__proto__=1",
    "?constructor=1",
    "?Item=food-1",
  ])
    await jsonOf(await request(`/v1/actions${query}`, "DELETE"), 400);
  for (const query of ["?count=1&count=2", "?count=%31%FF", "?seed=1&seed=1"])
    await jsonOf(await request(`/v1/recommendations${query}`), 400);
  assert.equal((await jsonOf(await request("/v1/profile"))).actions, 2);
  assert.deepEqual(await jsonOf(await request("/v1/actions?%69tem=food%2D1", "DELETE")), {
    deleted: 1,
  });
});

test("half a surrogate pair is no id: two such ids would be one", async () => {
  for (const item of ["\ud800", "a\udfff", "\udc00\ud800"])
    for (const [path, json] of [
      ["/v1/actions", { actions: [{ ...actionsOf("food-1")[0], item }] }],
      ["/v1/hidden", { item }],
      ["/v1/retrieve", { count: 3, medoids: [{ item }] }],
    ])
      await jsonOf(await edge.worker.request(path, { user: "surrogates", json }), 400);
  await jsonOf(
    await edge.worker.request("/v1/hidden", { user: "surrogates", json: { item: "\ud83c\udf55" } }),
  );
});

test("an export is imported once, here or by another user; other bytes are refused", async () => {
  const send = (path, user, options) => edge.worker.request(path, { user, ...options });
  await jsonOf(await edge.record("exporting", actionsOf("food-1", "food-2", "sport-1")), 201);
  const exported = await send("/v1/export", "exporting");
  const bytes = new Uint8Array(await exported.arrayBuffer());
  const octets = typed("application/octet-stream");
  const put = (user, content, headers = octets) =>
    send("/v1/import", user, { method: "PUT", body: content, ...headers });
  for (const user of ["importing", "importing", "exporting", "importing"])
    assert.deepEqual(await jsonOf(await put(user, bytes)), { actions: 3 });
  const again = await send("/v1/export", "importing");
  assert.equal((await again.arrayBuffer()).byteLength, bytes.length);

  await jsonOf(await put("importing", bytes, typed("application/json")), 415);
  const flipped = bytes.slice();
  flipped[bytes.length >> 1] ^= 1;
  for (const content of [bytes.slice(0, -1), flipped, new Uint8Array(100)]) {
    const { error } = await jsonOf(await put("importing", content), 400);
    assert.equal(error.code, "corrupt");
    assert.match(error.message, /^The body: /);
  }
  assert.deepEqual(await jsonOf(await put("importing", bytes)), { actions: 3 });
});
