// POST /v1/retrieve: medoids in, answers out, also if the engine is unreachable. The tests with
// real engines are in tests/remote/edge.test.mjs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openSage } from "pocketsage";
import { encodeMedoids, httpRetriever } from "pocketsage/remote";
import { DIM, NOW, vectorOf } from "../js/items.mjs";
import { actionsOf, engineErrorOf, jsonOf, useWorker } from "./fixture.mjs";
import { mint, startWorker } from "./worker.mjs";

const edge = useWorker();

test("medoids by id, by vector of each precision, and as JSON have the same hits", async () => {
  const queries = ["food-1", "sport-1"].map((item) => ({ item, vector: vectorOf(item), count: 5 }));
  const token = await mint();
  const plain = await jsonOf(
    await edge.worker.request("/v1/retrieve", {
      token,
      json: { count: 5, medoids: queries.map(({ item }) => ({ item })) },
    }),
  );
  for (const options of [
    { send: "ids" },
    { send: "both" },
    { precision: "int8", send: "both" },
    { precision: "f32", send: "both" },
  ]) {
    const reply = await edge.worker.request("/v1/retrieve", {
      token,
      body: encodeMedoids(queries, options),
      headers: { "content-type": "application/cbor" },
    });
    assert.match(reply.headers.get("server-timing"), /engine;dur=\d+.*total;dur=\d+/);
    const { answers } = await jsonOf(reply);
    answers.forEach(({ hits }, index) => {
      const expectedItems = new Set(plain.answers[index].hits.map(({ item }) => item));
      const found = hits.filter(({ item }) => expectedItems.has(item)).length;
      // With only 8 dimensions, the rounding of int8 may swap one hit.
      assert.ok(
        found >= (options.precision === "int8" ? 4 : 5),
        `${JSON.stringify(options)}: ${found} of 5`,
      );
    });
  }
});

test("httpRetriever whose token function rejects sends no request", async () => {
  const retriever = httpRetriever({
    url: new URL("/v1/retrieve", edge.worker.url),
    token: () => Promise.reject(new Error("signed out")),
  });
  const [answer] = await retriever.ask([{ item: "food-1", count: 4 }]);
  assert.deepEqual([answer.status, answer.error.reason], ["error", "refused"]);
  assert.match(answer.error.message, /signed out/);
});

test("httpRetriever is a client of /v1/retrieve, also inside openSage", async () => {
  const retriever = httpRetriever({
    url: new URL("/v1/retrieve", edge.worker.url),
    token: () => mint(),
  });
  const [known, unknown] = await retriever.ask([
    { item: "food-1", count: 4 },
    { item: `"; drop table items; --`, count: 4 },
  ]);
  assert.equal(known.hits.length, 4);
  assert.equal(unknown.status, "error"); // the fallback cannot rule out that the engine has it
  const sage = await openSage({ dim: DIM, retriever, now: () => NOW });
  await sage.record(
    actionsOf("food-1", "food-2").map((action) => ({
      ...action,
      vector: Float32Array.from(action.vector),
    })),
  );
  const [outbound] = await sage.preview({ focus: 0 });
  assert.ok(
    outbound.bytes.length <= 40 && outbound.to.endsWith("/v1/retrieve"),
    `${outbound.bytes.length} bytes`,
  );
  const picks = await sage.recommend({ count: 5 });
  assert.ok(picks.length === 5 && picks.every(({ item }) => item.startsWith("food")));
});

const invalidBodies = [
  [
    "17 medoids",
    { count: 5, medoids: Array.from({ length: 17 }, (_, row) => ({ item: `food-${row}` })) },
  ],
  ["k = 10,000", { count: 10_000, medoids: [{ item: "food-1" }] }],
  ["k = 0", { count: 0, medoids: [{ item: "food-1" }] }],
  ["an empty list of medoids", { count: 5, medoids: [] }],
  ["a medoid without item and vector", { count: 5, medoids: [{}] }],
  ["a vector of another dimension", { count: 5, medoids: [{ vector: [1, 2, 3] }] }],
  ["NaN", { count: 5, medoids: [{ vector: [NaN, 0, 0, 0, 0, 0, 0, 0] }] }],
  ["an empty id", { count: 5, medoids: [{ item: "" }] }],
  ["an id of 300 characters", { count: 5, medoids: [{ item: "x".repeat(300) }] }],
  ["an id with a control character", { count: 5, medoids: [{ item: "a\u0000b" }] }],
  ["a filter", { count: 5, medoids: [{ item: "food-1" }], filter: { field: "a", is: 1 } }],
  ["a collection", { count: 5, medoids: [{ item: "food-1" }], collection: "others" }],
  ["an array", []],
];
for (const [name, json] of invalidBodies) {
  test(`retrieve refuses ${name}`, async () => {
    const { error } = await jsonOf(await edge.worker.request("/v1/retrieve", { json }), 400);
    assert.ok(error.message.length > 10 && error.message.length < 400, error.message);
  });
}

test("vectors of another space than SPACE are refused, whatever the route", async () => {
  const worker = await startWorker({
    catalogue: edge.catalogue.toBytes(),
    bindings: { SPACE: "model-a/8" },
  });
  try {
    const refused = async (reply) => {
      const { error } = await jsonOf(await reply, 400);
      assert.equal(error.code, "dimension");
      assert.match(error.message, /"model-b\/8".*"model-a\/8"/);
    };
    const medoids = [{ item: "food-1", vector: Array.from(vectorOf("food-1")) }];
    const retrieve = (space) =>
      worker.request("/v1/retrieve", { json: { count: 3, medoids, space } });
    await refused(retrieve("model-b/8"));
    for (const space of ["model-a/8", undefined]) await jsonOf(await retrieve(space));
    const actions = actionsOf("food-1");
    const record = (space) => worker.request("/v1/actions", { json: { actions, space } });
    await refused(record("model-b/8"));
    await jsonOf(await record("model-a/8"), 201);

    const query = { item: "food-1", vector: vectorOf("food-1"), count: 3 };
    const cbor = (space) =>
      worker.request("/v1/retrieve", {
        body: encodeMedoids([{ ...query, space }]),
        headers: { "content-type": "application/cbor" },
      });
    await refused(cbor("model-b/8"));
    await jsonOf(await cbor("model-a/8"));

    const sage = await openSage({ dim: 8, space: "model-b/8", now: () => NOW });
    await sage.record({ item: "own", vector: vectorOf("food-2") });
    const body = await sage.export();
    const reply = await worker.request("/v1/import", {
      method: "PUT",
      body,
      headers: { "content-type": "application/octet-stream" },
    });
    const { error } = await jsonOf(reply, 400);
    assert.match(error.message, /"model-b\/8" and "model-a\/8"/);
  } finally {
    await worker.stop();
  }
});

test("retrieve refuses malformed CBOR, too many medoids or hits, other content types", async () => {
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
    await jsonOf(await edge.worker.request("/v1/retrieve", { body, headers: cbor }), 400);
  }
  await jsonOf(
    await edge.worker.request("/v1/retrieve", {
      body: "count=5",
      headers: { "content-type": "text/plain" },
    }),
    415,
  );
  await jsonOf(
    await edge.worker.request("/v1/retrieve", {
      body: "{",
      headers: { "content-type": "application/json" },
    }),
    400,
  );
});

test("oversized bodies are refused, with or without a content-length", async () => {
  const big = JSON.stringify({ count: 5, medoids: [{ item: "x".repeat(40_000) }] });
  await jsonOf(
    await edge.worker.request("/v1/retrieve", {
      body: big,
      headers: { "content-type": "application/json" },
    }),
    413,
  );
  const token = await mint();
  const stream = new ReadableStream({
    start(controller) {
      for (let chunk = 0; chunk < 40; chunk += 1)
        controller.enqueue(new TextEncoder().encode("[".repeat(1024)));
      controller.close();
    },
  });
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const reply = await fetch(new URL("/v1/retrieve", edge.worker.url), {
    method: "POST",
    headers,
    body: stream,
    duplex: "half",
  });
  await jsonOf(reply, 413);
  await jsonOf(
    await edge.record(
      "big",
      Array.from({ length: 101 }, () => ({ item: "food-1" })),
    ),
    400,
  );
});

test("with neither engine nor catalogue the error has a code, and the breaker opens", async (t) => {
  const worker = await startWorker();
  t.after(() => worker.stop());
  const retrieve = () =>
    worker.request("/v1/retrieve", {
      json: { count: 5, medoids: [{ vector: [1, 0, 0, 0, 0, 0, 0, 0] }] },
    });
  const statuses = [];
  for (let request = 0; request < 7; request += 1) {
    const start = Date.now();
    const reply = await retrieve();
    statuses.push(reply.status);
    assert.ok(Date.now() - start < 4500, "within the deadline");
    assert.equal((await reply.json()).error.code, "retrieval");
  }
  assert.equal(statuses[0], 502);
  assert.equal(statuses.at(-1), 503);
});

test("an unreadable catalogue does not fail requests, and is logged", async (t) => {
  const worker = await startWorker({ catalogue: edge.catalogue.toBytes().slice(0, 100) });
  t.after(() => worker.stop());
  for (let request = 0; request < 2; request += 1) {
    await engineErrorOf(
      await worker.request("/v1/retrieve", { json: { count: 5, medoids: [{ item: "food-1" }] } }),
    );
  }
  await worker.waitForLog(/catalogue\.sage: /);
});

test("ENGINE catalogue: a missing file or another DIM is a settings error", async (t) => {
  const start = async (options) => {
    const worker = await startWorker({
      ...options,
      bindings: { ENGINE: "catalogue", ...options.bindings },
    });
    t.after(() => worker.stop());
    return (path, json) => worker.request(path, { json });
  };
  const request = await start({ catalogue: edge.catalogue.toBytes() });
  await jsonOf(
    await request("/v1/actions", { actions: [{ item: "food-1" }, { item: "sport-1" }] }),
    201,
  );
  assert.equal(
    (await jsonOf(await request("/v1/recommendations?count=6"))).recommendations.length,
    6,
  );
  const { answers } = await jsonOf(
    await request("/v1/retrieve", {
      count: 3,
      medoids: [{ item: "food-1" }, { item: "unknown-item" }],
    }),
  );
  assert.deepEqual(
    answers.map(({ via, status }) => via ?? status),
    ["local", "not-found"],
  );
  for (const options of [{}, { catalogue: edge.catalogue.toBytes(), bindings: { DIM: "9" } }]) {
    const failing = await start(options);
    const { error } = await jsonOf(
      await failing("/v1/retrieve", { count: 3, medoids: [{ item: "food-1" }] }),
      500,
    );
    assert.match(error.message, /catalogue\.sage/);
  }
});

test("an invalid engine setting is a settings error that names the setting", async (t) => {
  const collection = "00000000-0000-4000-8000-000000000000";
  for (const [bindings, message] of [
    [{ ENGINE: "qdrnt" }, /^ENGINE: expected one of catalogue, .*, saw qdrnt/],
    [{ ENGINE_OPTIONS: "url: http://" }, /^ENGINE_OPTIONS is not a JSON object/],
    [
      { ENGINE_OPTIONS: JSON.stringify({ url: "http://127.0.0.1:1", colection: collection }) },
      /^ENGINE_OPTIONS: chroma: unknown option "colection"/,
    ],
    [{ ENGINE: "pgvector", ENGINE_OPTIONS: '{"table":"items"}' }, /^ENGINE_KEY is not set/],
    [{ ENGINE: "vectorize", ENGINE_OPTIONS: '{"name":"items"}' }, /^ITEMS is not bound/],
    [{ FRESH_SECONDS: "soon" }, /^FRESH_SECONDS: expected a number above 0, saw soon/],
    [{ DIM: "many" }, /^DIM: expected an integer/],
  ]) {
    const worker = await startWorker({ bindings });
    t.after(() => worker.stop());
    for (const path of ["/v1/retrieve", "/v1/actions"]) {
      const json =
        path === "/v1/retrieve"
          ? { count: 5, medoids: [{ item: "food-1" }] }
          : { actions: [{ item: "food-1" }] };
      const { error } = await jsonOf(await worker.request(path, { json }), 500);
      assert.equal(error.code, "settings", error.message);
      assert.match(error.message, message);
    }
  }
});
