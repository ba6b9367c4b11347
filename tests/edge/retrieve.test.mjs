// Without a taste: compact medoids in, answers out, also where the engine is not there. (With real engines: tests/remote/edge.test.mjs.)
import assert from "node:assert/strict";
import { test } from "node:test";
import { openSage } from "pocketsage";
import { encodeMedoids, httpRetriever } from "pocketsage/remote";
import { DIM, NOW, vectorOf } from "../js/items.mjs";
import { mint, startWorker } from "./worker.mjs";
import { actionsOf, engineIsGone, said, useWorker } from "./world.mjs";

const world = useWorker();

test("compact medoids: ids, vectors of each precision, and JSON find the same", async () => {
  const queries = ["food-1", "sport-1"].map((item) => ({ item, vector: vectorOf(item), count: 5 }));
  const token = await mint();
  const plain = await said(
    await world.worker.ask("/v1/retrieve", {
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
    const reply = await world.worker.ask("/v1/retrieve", {
      token,
      body: encodeMedoids(queries, options),
      headers: { "content-type": "application/cbor" },
    });
    assert.match(reply.headers.get("server-timing"), /engine;dur=\d+.*total;dur=\d+/);
    const { answers } = await said(reply);
    answers.forEach(({ hits }, place) => {
      const wanted = new Set(plain.answers[place].hits.map(({ item }) => item));
      const found = hits.filter(({ item }) => wanted.has(item)).length;
      assert.ok(
        found >= (options.precision === "int8" ? 4 : 5),
        `${JSON.stringify(options)}: ${found} of 5`,
      ); // 8 dimensions forgive less than 256
    });
  }
});

test("httpRetriever without a token to be had fails with that reason, and asks nobody", async () => {
  const retriever = httpRetriever({
    url: new URL("/v1/retrieve", world.worker.url),
    token: () => Promise.reject(new Error("signed out")),
  });
  const [answer] = await retriever.ask([{ item: "food-1", count: 4 }]);
  assert.deepEqual([answer.status, answer.error.reason], ["error", "refused"]);
  assert.match(answer.error.message, /signed out/);
});

test("httpRetriever is this endpoint's client, also inside openSage", async () => {
  const retriever = httpRetriever({
    url: new URL("/v1/retrieve", world.worker.url),
    token: () => mint(),
  });
  const [known, unknown] = await retriever.ask([
    { item: "food-1", count: 4 },
    { item: `"; drop table items; --`, count: 4 },
  ]);
  assert.equal(known.hits.length, 4);
  assert.equal(unknown.status, "error"); // the engine that may know it is not there
  const sage = await openSage({ dim: DIM, retriever, now: () => NOW });
  await sage.record(
    actionsOf("food-1", "food-2").map((action) => ({
      ...action,
      vector: Float32Array.from(action.vector),
    })),
  );
  const [outbound] = await sage.preview();
  assert.ok(
    outbound.bytes.length <= 40 && outbound.to.endsWith("/v1/retrieve"),
    `${outbound.bytes.length} bytes`,
  );
  const picks = await sage.recommend({ count: 5 });
  assert.ok(picks.length === 5 && picks.every(({ item }) => item.startsWith("food")));
});

const wrongWords = [
  [
    "17 medoids",
    { count: 5, medoids: Array.from({ length: 17 }, (_, row) => ({ item: `food-${row}` })) },
  ],
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
    const { error } = await said(await world.worker.ask("/v1/retrieve", { json }), 400);
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
    await said(await world.worker.ask("/v1/retrieve", { body, headers: cbor }), 400);
  }
  await said(
    await world.worker.ask("/v1/retrieve", {
      body: "count=5",
      headers: { "content-type": "text/plain" },
    }),
    415,
  );
  await said(
    await world.worker.ask("/v1/retrieve", {
      body: "{",
      headers: { "content-type": "application/json" },
    }),
    400,
  );
});

test("bodies that are too large are refused, announced or not", async () => {
  const big = JSON.stringify({ count: 5, medoids: [{ item: "x".repeat(40_000) }] });
  await said(
    await world.worker.ask("/v1/retrieve", {
      body: big,
      headers: { "content-type": "application/json" },
    }),
    413,
  );
  const token = await mint();
  const stream = new ReadableStream({
    start(controller) {
      for (let part = 0; part < 40; part += 1)
        controller.enqueue(new TextEncoder().encode("[".repeat(1024)));
      controller.close();
    },
  });
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const reply = await fetch(new URL("/v1/retrieve", world.worker.url), {
    method: "POST",
    headers,
    body: stream,
    duplex: "half",
  });
  await said(reply, 413);
  await said(
    await world.record(
      "big",
      Array.from({ length: 101 }, () => ({ item: "food-1" })),
    ),
    400,
  );
});

test("without an engine and without a catalogue the failure has a reason, and the breaker opens", async (t) => {
  const own = await startWorker();
  t.after(() => own.stop());
  const ask = () =>
    own.ask("/v1/retrieve", {
      json: { count: 5, medoids: [{ vector: [1, 0, 0, 0, 0, 0, 0, 0] }] },
    });
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

test("a catalogue that cannot be read is no reason to fail, and is in the log", async (t) => {
  const own = await startWorker({ catalogue: world.catalogue.toBytes().slice(0, 100) });
  t.after(() => own.stop());
  for (let request = 0; request < 2; request += 1) {
    await engineIsGone(
      await own.ask("/v1/retrieve", { json: { count: 5, medoids: [{ item: "food-1" }] } }),
    );
  }
  await own.log(/catalogue\.sage: /);
});

test("the catalogue can be the engine; without its file, or with another DIM, its owner is told", async (t) => {
  const start = async (options) => {
    const own = await startWorker({
      ...options,
      bindings: { ENGINE: "catalogue", ...options.bindings },
    });
    t.after(() => own.stop());
    return (path, json) => own.ask(path, { json });
  };
  const ask = await start({ catalogue: world.catalogue.toBytes() });
  await said(await ask("/v1/actions", { actions: [{ item: "food-1" }, { item: "sport-1" }] }), 201);
  assert.equal((await said(await ask("/v1/recommendations?count=6"))).recommendations.length, 6);
  const { answers } = await said(
    await ask("/v1/retrieve", {
      count: 3,
      medoids: [{ item: "food-1" }, { item: "nobody-knows" }],
    }),
  );
  assert.deepEqual(
    answers.map(({ via, status }) => via ?? status),
    ["local", "not-found"],
  );
  for (const options of [{}, { catalogue: world.catalogue.toBytes(), bindings: { DIM: "9" } }]) {
    const lost = await start(options);
    const { error } = await said(
      await lost("/v1/retrieve", { count: 3, medoids: [{ item: "food-1" }] }),
      500,
    );
    assert.match(error.message, /catalogue\.sage/);
  }
});

test("what an engine says about itself is in the log, and not for callers", async (t) => {
  const asks = [
    ["/v1/retrieve", { count: 5, medoids: [{ item: "food-1" }] }],
    ["/v1/actions", { actions: [{ item: "food-1" }] }],
  ];
  for (const [path, json] of asks) {
    const own = await startWorker();
    t.after(() => own.stop());
    assert.equal(
      (await engineIsGone(await own.ask(path, { json }))).message,
      "The engine could not answer (network).",
    );
    await own.log(/"reason":"network","said":"chroma could not be reached/);
  }
});

test("an engine that is not set up right is its owner's mistake, named by the setting", async (t) => {
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
    [{ DIM: "many" }, /^DIM: expected a whole number/],
  ]) {
    const own = await startWorker({ bindings });
    t.after(() => own.stop());
    for (const path of ["/v1/retrieve", "/v1/actions"]) {
      const json =
        path === "/v1/retrieve"
          ? { count: 5, medoids: [{ item: "food-1" }] }
          : { actions: [{ item: "food-1" }] };
      const { error } = await said(await own.ask(path, { json }), 500);
      assert.equal(error.code, "settings", error.message);
      assert.match(error.message, message);
    }
  }
});
