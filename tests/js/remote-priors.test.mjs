// Priors of remote hits: read from the field that `priorField` names, checked, kept by caches.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  chroma,
  elasticsearch,
  httpRetriever,
  memoryAnswers,
  milvus,
  pgvector,
  pinecone,
  qdrant,
  redis,
  resilient,
  typesense,
  vectorize,
} from "pocketsage/remote";
import { rejects } from "./world.mjs";

const vector = Float32Array.of(0.6, 0.8);
const query = { vector, count: 3 };
const url = "https://engine.example";

/** A `fetch` that replies with the JSON of `reply` and keeps the body of the last request. */
function replying(reply) {
  const fetch = async (_url, { body }) => {
    fetch.body = typeof body === "string" ? body : "";
    return Response.json(reply);
  };
  return fetch;
}

/**
 * For each engine: a retriever of `options` whose reply has the hits "a", with `prior` in its
 * field "sold", and "b", without the field; and the part of the request that names the field.
 */
const engines = {
  qdrant: (prior, options) => {
    const points = [
      { id: 1, score: 0.9, payload: { id: "a", sold: prior } },
      { id: 2, score: 0.8, payload: { id: "b" } },
    ];
    const fetch = replying({ result: [{ points }] });
    const retriever = qdrant({ url, collection: "items", idField: "id", fetch, ...options });
    return { retriever, request: () => fetch.body, asks: '"with_payload":["id","sold"]' };
  },
  milvus: (prior, options) => {
    const data = [
      { id: "a", distance: 0.9, sold: prior },
      { id: "b", distance: 0.8, sold: null },
    ];
    const fetch = replying({ code: 0, data, topks: [2] });
    const retriever = milvus({ url, collection: "items", fetch, ...options });
    return { retriever, request: () => fetch.body, asks: '"outputFields":["id","sold"]' };
  },
  "milvus v1": (prior, options) => {
    const data = [
      { id: "a", distance: 0.9, sold: prior },
      { id: "b", distance: 0.8 },
    ];
    const fetch = replying({ code: 200, data });
    const retriever = milvus({ url, collection: "items", version: 1, fetch, ...options });
    return { retriever, request: () => fetch.body, asks: '"outputFields":["id","sold"]' };
  },
  chroma: (prior, options) => {
    const fetch = replying({
      ids: [["a", "b"]],
      distances: [[0.1, 0.2]],
      metadatas: [[{ sold: prior }, null]],
    });
    const collection = "00000000-0000-4000-8000-000000000000";
    const retriever = chroma({ url, collection, fetch, ...options });
    return { retriever, request: () => fetch.body, asks: '"include":["distances","metadatas"]' };
  },
  pinecone: (prior, options) => {
    const matches = [
      { id: "a", score: 0.9, metadata: { sold: prior } },
      { id: "b", score: 0.8 },
    ];
    const fetch = replying({ matches, namespace: "" });
    const retriever = pinecone({ url, apiKey: "k", fetch, ...options });
    return { retriever, request: () => fetch.body, asks: '"includeMetadata":true' };
  },
  elasticsearch: (prior, options) => {
    const hits = [
      { _id: "a", _score: 0.95, _source: { sold: prior } },
      { _id: "b", _score: 0.9, _source: {} },
    ];
    const fetch = replying({ responses: [{ status: 200, hits: { hits } }] });
    const retriever = elasticsearch({ url, index: "items", fetch, ...options });
    return { retriever, request: () => fetch.body, asks: '"_source":["sold"]' };
  },
  typesense: (prior, options) => {
    const hits = [
      { document: { id: "a", sold: prior }, vector_distance: 0.1 },
      { document: { id: "b" }, vector_distance: 0.2 },
    ];
    const fetch = replying({ results: [{ found: 2, hits }] });
    const retriever = typesense({ url, collection: "items", apiKey: "k", fetch, ...options });
    return { retriever, request: () => fetch.body, asks: '"include_fields":"id,sold"' };
  },
  vectorize: (prior, options) => {
    let request = "";
    const matches = [
      { id: "a", score: 0.9, metadata: { sold: prior } },
      { id: "b", score: 0.8 },
    ];
    const index = {
      query: async (_vector, queryOptions) => {
        request = JSON.stringify(queryOptions);
        return { count: 2, matches };
      },
      queryById: async () => ({ count: 0, matches: [] }),
      getByIds: async () => [],
    };
    const retriever = vectorize({ index, name: "items", ...options });
    return { retriever, request: () => request, asks: '"returnMetadata":"indexed"' };
  },
  pgvector: (prior, options) => {
    let request = "";
    const rows = [
      { place: 0, missing: false, item: "a", score: 0.9, prior },
      { place: 0, missing: false, item: "b", score: 0.8, prior: null },
    ];
    const run = async (statement) => {
      request = statement;
      return { rows };
    };
    const retriever = pgvector({ query: run, table: "items", ...options });
    return { retriever, request: () => request, asks: 't."sold"::float8 as prior' };
  },
  redis: (prior, options) => {
    let request = "";
    const attributes = JSON.stringify({ sold: prior });
    const command = async (parts) => {
      request = parts.filter((part) => typeof part === "string").join(" ");
      const hits = [
        ["a", "0.95", attributes],
        ["b", "0.9", null],
      ];
      return (options.priorField === undefined ? hits.map((hit) => hit.slice(0, 2)) : hits).flat();
    };
    const retriever = redis({ command, key: "items", ...options });
    return { retriever, request: () => request, asks: "WITHATTRIBS" };
  },
};

for (const [name, make] of Object.entries(engines)) {
  test(`${name}: hits carry the prior in priorField; a missing field is no prior`, async () => {
    const { retriever, request, asks } = make(12.5, { priorField: "sold" });
    const [answer] = await retriever.ask([query]);
    assert.equal(answer.status, "ok", answer.error?.message);
    const priors = answer.hits.map(({ item, prior }) => [item, prior]);
    assert.deepEqual(priors, [
      ["a", 12.5],
      ["b", undefined],
    ]);
    assert.equal("prior" in answer.hits[1], false);
    assert.ok(request().includes(asks), request());
    const shown = new TextDecoder().decode(retriever.outbound([query])[0].bytes);
    assert.ok(shown.replaceAll('\\"', '"').includes(asks) || name === "redis", shown);
  });

  test(`${name}: without priorField hits have none and the request is unchanged`, async () => {
    const { retriever, request, asks } = make(12.5, {});
    if (name === "pgvector") return;
    const [answer] = await retriever.ask([query]);
    assert.equal(answer.status, "ok", answer.error?.message);
    for (const hit of answer.hits) assert.deepEqual(Object.keys(hit), ["item", "score"]);
    assert.ok(!request().includes(asks), request());
    const { identity } = make(1, { priorField: "sold" }).retriever;
    assert.notEqual(identity, retriever.identity);
  });

  test(`${name}: a prior that is negative or no number is an error of the reply`, async () => {
    for (const prior of [-1, "many", true, [], {}]) {
      const { retriever } = make(prior, { priorField: "sold" });
      const [answer] = await retriever.ask([query]);
      assert.equal(answer.status, "error", JSON.stringify(prior));
      assert.equal(answer.error.code, "retrieval");
      assert.equal(answer.error.reason, "reply");
      assert.match(answer.error.message, /prior/);
    }
    await rejects(() => make(1, { priorField: "" }), "option", /priorField: expected (the|a) name/);
  });
}

test("names that could be syntax are refused", async () => {
  for (const priorField of ["a,b", 'a" from items', "a b"]) {
    await rejects(() => engines.typesense(1, { priorField }), "option", /typesense: priorField/);
    await rejects(() => engines.pgvector(1, { priorField }), "option", /pgvector: priorField/);
  }
});

test("httpRetriever: hits carry the prior of the reply, which is checked", async () => {
  const answerTo = async (prior) => {
    const hits = [
      { item: "a", score: 0.9, prior },
      { item: "b", score: 0.8 },
    ];
    const fetch = replying({ answers: [{ status: "ok", hits }] });
    const [answer] = await httpRetriever({ url, fetch }).ask([query]);
    return answer;
  };
  assert.deepEqual((await answerTo(7)).hits, [
    { item: "a", score: 0.9, prior: 7 },
    { item: "b", score: 0.8 },
  ]);
  for (const prior of [-0.5, "x"]) assert.equal((await answerTo(prior)).error.code, "retrieval");
});

test("a cache keeps the priors of answers", async () => {
  const { retriever } = engines.pinecone(12.5, { priorField: "sold" });
  const cached = resilient(retriever, { cache: { store: memoryAnswers() } });
  const [first] = await cached.ask([{ item: "x", vector, count: 3 }]);
  const [second] = await cached.ask([{ item: "x", vector, count: 3 }]);
  assert.deepEqual([first.via, second.via], ["engine", "cache"]);
  assert.deepEqual(second.hits, first.hits);
  assert.equal(second.hits[0].prior, 12.5);
  assert.equal("prior" in second.hits[1], false);
});
