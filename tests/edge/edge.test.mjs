// The Worker in workerd: tokens, words, tastes, and what it does when its engine is not there. (With real engines: tests/remote/edge.test.mjs.)
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { buildProfile, Catalogue, init, openSage } from "pocketsage";
import { encodeMedoids, httpRetriever } from "pocketsage/remote";
import { DIM, ITEMS, NOW, smallCatalogue, vectorOf } from "../js/items.mjs";
import { bundle, KEYS, mint, startWorker } from "./worker.mjs";

let worker;
let catalogue;
before(async () => {
  await init();
  catalogue = await smallCatalogue();
  worker = await startWorker({ catalogue: catalogue.toBytes() });
}, { timeout: 120_000 });
after(async () => {
  await worker?.stop();
  catalogue?.close();
});

/** The JSON of an answer, which must have this status. */
async function said(reply, status = 200) {
  const text = await reply.text();
  assert.equal(reply.status, status, text);
  return text === "" ? undefined : JSON.parse(text);
}
const actionsOf = (...items) => items.map((item, index) => ({ item, at: NOW + index * 60_000, vector: Array.from(vectorOf(item)) }));
const record = (user, actions, more = {}) => worker.ask("/v1/actions", { user, json: { actions }, ...more });

test("the bundle is below 1 MB gzipped", async () => {
  const { gzip } = await bundle();
  assert.ok(gzip < 1 << 20, `${gzip} bytes`);
});

test("actions in, interests and recommendations out", async () => {
  const user = "main-job";
  assert.deepEqual(await said(await record(user, actionsOf("food-1", "food-2", "sport-1", "sport-2")), 201), { recorded: 4 });
  const profile = await said(await worker.ask("/v1/profile", { user }));
  assert.equal(profile.actions, 4);
  assert.ok(profile.interests.length >= 2);
  assert.equal(profile.interests[0].vector, undefined);
  const { recommendations } = await said(await worker.ask("/v1/recommendations?count=6", { user }));
  assert.equal(recommendations.length, 6);
  for (const { item, because } of recommendations) {
    assert.ok(!["food-1", "food-2", "sport-1", "sport-2"].includes(item));
    assert.equal(item.split("-")[0], because.medoid.split("-")[0]);
  }
  const seeded = await said(await worker.ask("/v1/recommendations?count=6&seed=3&interests=1", { user }));
  assert.equal(new Set(seeded.recommendations.map(({ because }) => because.medoid)).size, 1);
});

test("the profile is the one the package computes here", async () => {
  const user = "same-profile";
  const actions = actionsOf(...ITEMS.slice(0, 30));
  await said(await record(user, actions), 201);
  const profile = await said(await worker.ask("/v1/profile?vectors=1", { user }));
  const own = buildProfile(actions.map((action) => ({ ...action, vector: Float32Array.from(action.vector) })), { dim: DIM, now: profile.builtAt });
  assert.deepEqual(profile.interests, own.interests.map((interest) => ({ ...interest, vector: Array.from(interest.vector) })));
});

test("an item without a vector is looked up; one that nobody knows is refused, and nothing is recorded", async () => {
  const user = "looks-up";
  const failed = await said(await record(user, [{ item: "food-3" }, { item: "nobody-knows" }]), 502);
  assert.equal(failed.error.code, "retrieval"); // the engine, which might know it, is not there
  assert.equal((await said(await worker.ask("/v1/profile", { user }))).actions, 0);
  await said(await record(user, [{ item: "food-3" }]), 201);
  assert.equal((await said(await worker.ask("/v1/profile", { user }))).interests[0].medoid, "food-3");
});

test("tokens: none, forged, expired, too long, for others, of an unknown key, unsigned", async () => {
  const now = Math.floor(Date.now() / 1000);
  const bad = [
    ["none", undefined],
    ["nonsense", "abc"],
    ["three parts of nonsense", "a.b.c"],
    ["forged", await mint({ sub: "alice" }, { secret: KEYS.second })],
    ["another payload", (await mint({ sub: "alice" })).replace(/\.[^.]+\./, `.${Buffer.from(JSON.stringify({ sub: "bob", aud: "pocketsage", iat: now, exp: now + 60 })).toString("base64url")}.`)],
    ["expired", await mint({ sub: "alice", iat: now - 1000, exp: now - 120 })],
    ["valid for a day", await mint({ sub: "alice", exp: now + 86_400 })],
    ["for others", await mint({ sub: "alice", aud: "elsewhere" })],
    ["without an end", await mint({ sub: "alice", exp: undefined })],
    ["from the future", await mint({ sub: "alice", iat: now + 600, exp: now + 900 })],
    ["of an unknown key", await mint({ sub: "alice" }, { kid: "third", secret: KEYS.first })],
    ["of a key called __proto__", await mint({ sub: "alice" }, { kid: "__proto__", secret: KEYS.first })],
    ["unsigned", await mint({ sub: "alice" }, { alg: "none" })],
    ["of a user without a name", await mint({ sub: "" })],
  ];
  for (const [name, token] of bad) {
    const { error } = await said(await worker.ask("/v1/profile", { user: null, token }), 401);
    assert.equal(error.code, "token", name);
  }
});

test("tokens: clocks that differ by half a minute are forgiven, and both keys work while keys are changed", async () => {
  const now = Math.floor(Date.now() / 1000);
  for (const token of [
    await mint({ sub: "skewed", iat: now + 30, exp: now + 300 }),
    await mint({ sub: "skewed", iat: now - 300, exp: now - 30 }),
    await mint({ sub: "skewed" }, { kid: "second" }),
  ]) {
    await said(await worker.ask("/v1/profile", { token }));
  }
});

test("a token without a user retrieves, and has no taste", async () => {
  const token = await mint();
  assert.equal((await said(await worker.ask("/v1/profile", { token }), 403)).error.code, "user");
  const { answers } = await said(await worker.ask("/v1/retrieve", { token, json: { count: 3, medoids: [{ item: "food-1" }] } }));
  assert.equal(answers[0].hits.length, 3);
});

test("another user's id: a token opens its own taste and no other", async () => {
  await said(await record("owner", actionsOf("food-1")), 201);
  assert.equal((await said(await worker.ask("/v1/profile?user=owner", { user: "thief" }), 400)).error.code, "body");
  assert.equal((await said(await worker.ask("/v1/profile", { user: "thief" }))).actions, 0);
  const body = { user: "owner", actions: actionsOf("food-2") };
  assert.match((await said(await worker.ask("/v1/actions", { user: "thief", json: body }), 400)).error.message, /user/);
});

test("a replayed request is answered as before, and counts once", async () => {
  const user = "replay";
  const headers = { "idempotency-key": "0f8fad5b-d9cb-469f-a165-70867728950e" };
  await said(await record(user, actionsOf("food-1"), { headers }), 201);
  assert.deepEqual(await said(await record(user, actionsOf("food-1"), { headers })), { recorded: 1 });
  assert.equal((await said(await record(user, actionsOf("food-2"), { headers }), 409)).error.code, "repeated");
  assert.equal((await said(await worker.ask("/v1/profile", { user }))).actions, 1);
  await said(await record(user, actionsOf("food-1"), { headers: { "idempotency-key": "no" } }), 400);
});

test("two devices at once: every action of both is there", async () => {
  const user = "two-devices";
  const one = (device, number) => record(user, [{ ...actionsOf(ITEMS[number])[0], at: NOW + device * 100 + number }]);
  const replies = await Promise.all(Array.from({ length: 20 }, (_, index) => one(index % 2, index)));
  for (const reply of replies) assert.equal(reply.status, 201);
  assert.equal((await said(await worker.ask("/v1/profile", { user }))).actions, 20);
});

test("forget an item, a range, everything; hide; export what the package imports", async () => {
  const user = "forgetful";
  await said(await record(user, actionsOf("food-1", "food-2", "sport-1", "animal-1")), 201);
  assert.deepEqual(await said(await worker.ask("/v1/actions?item=food-2", { user, method: "DELETE" })), { deleted: 1 });
  assert.deepEqual(await said(await worker.ask(`/v1/actions?from=${NOW + 180_000}&to=${NOW + 180_000}`, { user, method: "DELETE" })), { deleted: 1 });
  await said(await worker.ask("/v1/hidden", { user, json: { item: "food-5" } }));
  const { recommendations } = await said(await worker.ask("/v1/recommendations?count=50", { user }));
  assert.ok(recommendations.every(({ item }) => item !== "food-5"));

  const exported = await worker.ask("/v1/export", { user });
  assert.equal(exported.status, 200);
  const sage = await openSage({ dim: DIM, now: () => NOW });
  await sage.import(new Uint8Array(await exported.arrayBuffer()));
  assert.equal((await sage.profile()).actions, 2);

  assert.deepEqual(await said(await worker.ask("/v1/actions", { user, method: "DELETE" })), { deleted: 2 });
  assert.deepEqual((await said(await worker.ask("/v1/profile", { user }))).interests, []);
  await said(await record(user, actionsOf("food-1")), 201);
  assert.equal((await said(await worker.ask("/v1/profile", { user }))).actions, 1);
});

test("a Durable Object that was evicted between two calls remembers", async () => {
  const folder = await mkdtemp(join(tmpdir(), "pocketsage-edge-"));
  const open = () => startWorker({ catalogue: catalogue.toBytes(), durableObjectsPersist: folder });
  try {
    const first = await open();
    const headers = { "idempotency-key": "before-eviction" };
    await said(await first.ask("/v1/actions", { json: { actions: actionsOf(...ITEMS.slice(0, 50)) }, headers }), 201);
    const before = await said(await first.ask("/v1/profile?vectors=1"));
    await first.stop();
    const second = await open();
    await said(await second.ask("/v1/actions", { json: { actions: actionsOf(...ITEMS.slice(0, 50)) }, headers }));
    const again = await said(await second.ask("/v1/profile?vectors=1"));
    assert.deepEqual(again.interests.map(({ items }) => items), before.interests.map(({ items }) => items));
    assert.equal(again.actions, 50);
    await second.stop();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("compact medoids: ids, vectors of each precision, and JSON find the same", async () => {
  const queries = ["food-1", "sport-1"].map((item) => ({ item, vector: vectorOf(item), count: 5 }));
  const token = await mint();
  const plain = await said(await worker.ask("/v1/retrieve", { token, json: { count: 5, medoids: queries.map(({ item }) => ({ item })) } }));
  for (const options of [{ send: "ids" }, { send: "both" }, { precision: "int8", send: "both" }, { precision: "f32", send: "both" }]) {
    const reply = await worker.ask("/v1/retrieve", { token, body: encodeMedoids(queries, options), headers: { "content-type": "application/cbor" } });
    assert.match(reply.headers.get("server-timing"), /engine;dur=\d+.*total;dur=\d+/);
    const { answers } = await said(reply);
    answers.forEach(({ hits }, place) => {
      const wanted = new Set(plain.answers[place].hits.map(({ item }) => item));
      const found = hits.filter(({ item }) => wanted.has(item)).length;
      assert.ok(found >= (options.precision === "int8" ? 4 : 5), `${JSON.stringify(options)}: ${found} of 5`); // 8 dimensions forgive less than 256
    });
  }
});

test("httpRetriever is this endpoint's client, also inside openSage", async () => {
  const retriever = httpRetriever({ url: new URL("/v1/retrieve", worker.url), token: () => mint() });
  const [known, unknown] = await retriever.ask([{ item: "food-1", count: 4 }, { item: `"; drop table items; --`, count: 4 }]);
  assert.equal(known.hits.length, 4);
  assert.equal(unknown.status, "error"); // the engine that may know it is not there
  const sage = await openSage({ dim: DIM, retriever, now: () => NOW });
  await sage.record(actionsOf("food-1", "food-2").map((action) => ({ ...action, vector: Float32Array.from(action.vector) })));
  const [outbound] = await sage.preview();
  assert.ok(outbound.bytes.length <= 40 && outbound.to.endsWith("/v1/retrieve"), `${outbound.bytes.length} bytes`);
  const picks = await sage.recommend({ count: 5 });
  assert.ok(picks.length === 5 && picks.every(({ item }) => item.startsWith("food")));
});

const wrongWords = [
  ["17 medoids", { count: 5, medoids: Array.from({ length: 17 }, (_, row) => ({ item: `food-${row}` })) }],
  ["k = 10,000", { count: 10_000, medoids: [{ item: "food-1" }] }],
  ["k = 0", { count: 0, medoids: [{ item: "food-1" }] }],
  ["no medoid", { count: 5, medoids: [] }],
  ["a medoid of nothing", { count: 5, medoids: [{}] }],
  ["a vector of another length", { count: 5, medoids: [{ vector: [1, 2, 3] }] }],
  ["NaN", { count: 5, medoids: [{ vector: [NaN, 0, 0, 0, 0, 0, 0, 0] }] }],
  ["all zeros", { count: 5, medoids: [{ vector: [0, 0, 0, 0, 0, 0, 0, 0] }] }],
  ["an empty id", { count: 5, medoids: [{ item: "" }] }],
  ["an id of 300 letters", { count: 5, medoids: [{ item: "x".repeat(300) }] }],
  ["an id with a control character", { count: 5, medoids: [{ item: "a\u0000b" }] }],
  ["a filter", { count: 5, medoids: [{ item: "food-1" }], filter: { field: "a", is: 1 } }],
  ["a collection", { count: 5, medoids: [{ item: "food-1" }], collection: "others" }],
  ["a list", []],
];
for (const [name, json] of wrongWords) {
  test(`retrieve refuses ${name}`, async () => {
    const { error } = await said(await worker.ask("/v1/retrieve", { json }), 400);
    assert.ok(error.message.length > 10 && error.message.length < 400, error.message);
  });
}

test("retrieve refuses malformed CBOR, 17 compact medoids, k = 10,000 and other types of body", async () => {
  const cbor = { "content-type": "application/cbor" };
  const many = Array.from({ length: 17 }, (_, row) => ({ item: `food-${row}`, count: 5 }));
  for (const body of [
    Uint8Array.of(),
    Uint8Array.of(0xff, 0xff),
    new Uint8Array(5000).fill(0x9f),
    encodeMedoids([{ item: "food-1", count: 5 }]).slice(0, -1),
    encodeMedoids(many),
    encodeMedoids([{ item: "food-1", count: 10_000 }]),
    encodeMedoids([{ vector: Float32Array.of(1, 2), count: 5 }]),
  ]) {
    await said(await worker.ask("/v1/retrieve", { body, headers: cbor }), 400);
  }
  await said(await worker.ask("/v1/retrieve", { body: "count=5", headers: { "content-type": "text/plain" } }), 415);
  await said(await worker.ask("/v1/retrieve", { body: "{", headers: { "content-type": "application/json" } }), 400);
});

test("bodies that are too large are refused, announced or not", async () => {
  const big = JSON.stringify({ count: 5, medoids: [{ item: "x".repeat(40_000) }] });
  await said(await worker.ask("/v1/retrieve", { body: big, headers: { "content-type": "application/json" } }), 413);
  const token = await mint();
  const stream = new ReadableStream({
    start(controller) {
      for (let part = 0; part < 40; part += 1) controller.enqueue(new TextEncoder().encode("[".repeat(1024)));
      controller.close();
    },
  });
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const reply = await fetch(new URL("/v1/retrieve", worker.url), { method: "POST", headers, body: stream, duplex: "half" });
  await said(reply, 413);
  await said(await record("big", Array.from({ length: 101 }, () => ({ item: "food-1" }))), 400);
});

test("actions that are wrong are refused whole", async () => {
  const user = "wrong-actions";
  for (const action of [
    { item: "food-1", vector: [1, 2] },
    { item: "food-1", weight: 0 },
    { item: "food-1", at: "yesterday" },
    { item: "food-1", colour: "red" },
    { vector: Array.from(vectorOf("food-1")) },
  ]) {
    await said(await record(user, [...actionsOf("food-2"), action]), 400);
  }
  assert.equal((await said(await worker.ask("/v1/profile", { user }))).actions, 0);
});

test("pages of exactly the allowed origins may call", async () => {
  const options = (origin) => worker.ask("/v1/profile", { user: null, method: "OPTIONS", headers: { origin, "access-control-request-method": "GET" } });
  assert.equal((await options("https://shop.example")).headers.get("access-control-allow-origin"), "https://shop.example");
  for (const origin of ["https://shop.example.evil.com", "http://shop.example", "https://evil.com", "null"]) {
    assert.equal((await options(origin)).headers.get("access-control-allow-origin"), null, origin);
  }
});

test("too many requests: 429 with Retry-After, for that user alone", async (t) => {
  const own = await startWorker({ limit: 3, catalogue: catalogue.toBytes() });
  t.after(() => own.stop());
  for (let request = 0; request < 3; request += 1) await said(await own.ask("/v1/profile", { user: "hasty" }));
  const reply = await own.ask("/v1/profile", { user: "hasty" });
  assert.equal(reply.headers.get("retry-after"), "60");
  assert.equal((await said(reply, 429)).error.code, "rate");
  await said(await own.ask("/v1/profile", { user: "patient" }));
});

test("without an engine and without a catalogue the failure has a reason, and the breaker opens", async (t) => {
  const own = await startWorker();
  t.after(() => own.stop());
  const ask = () => own.ask("/v1/retrieve", { json: { count: 5, medoids: [{ vector: [1, 0, 0, 0, 0, 0, 0, 0] }] } });
  const statuses = [];
  for (let request = 0; request < 7; request += 1) {
    const begun = Date.now();
    const reply = await ask();
    statuses.push(reply.status);
    assert.ok(Date.now() - begun < 4500, "within the deadline");
    assert.equal((await reply.json()).error.code, "retrieval");
  }
  assert.equal(statuses[0], 502);
  assert.equal(statuses.at(-1), 503);
});

test("the OpenAPI document names every route, and the bodies' schemas", async () => {
  const document = await said(await worker.ask("/openapi.json", { user: null }));
  assert.deepEqual(Object.keys(document.paths), ["/v1/actions", "/v1/hidden", "/v1/profile", "/v1/recommendations", "/v1/export", "/v1/retrieve"]);
  const schema = document.paths["/v1/retrieve"].post.requestBody.content["application/json"].schema;
  assert.equal(schema.properties.medoids.maxItems, 16);
  assert.equal(schema.additionalProperties, false);
});

test("what is nowhere is a 404, and the health is told to anybody", async () => {
  await said(await worker.ask("/v2/nothing"), 404);
  assert.deepEqual(await said(await worker.ask("/health", { user: null })), { ok: true });
});

test("the log says what was done, and nothing about anybody", async () => {
  await said(await worker.ask("/v1/retrieve", { user: "secret-name", json: { count: 5, medoids: [{ item: "animal-7" }] } }));
  await said(await record("secret-name", actionsOf("animal-9")), 201);
  await new Promise((resolve) => setTimeout(resolve, 200));
  const text = worker.logged();
  const line = text.split("\n").find((each) => each.includes('"/v1/retrieve"') && each.includes('"local":1'));
  assert.ok(line, text.slice(-2000));
  assert.deepEqual(Object.keys(JSON.parse(line)).sort(), ["local", "medoids", "method", "milliseconds", "route", "status"]);
  for (const word of ["secret-name", "animal-7", "animal-9", "Bearer", "eyJ"]) assert.ok(!text.includes(word), word);
});
