// Adapters of engines that cannot run in the tests: exact requests and replies. More than
// 400 lines: one table of contracts, read side by side. Documented at
//   https://milvus.io/api-reference/restful/v2.4.x/v2/Vector%20(v2)/Search.md
//   https://docs.pinecone.io/reference/api/2025-04/data-plane/query
//   https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-msearch
//   https://www.elastic.co/search-labs/blog/elasticsearch-vector-search-lookup
//   https://typesense.org/docs/29.0/api/vector-search.html
//   https://developers.cloudflare.com/vectorize/reference/client-api/
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  elasticsearch,
  milvus,
  pinecone,
  qdrant,
  redis,
  typesense,
  vectorize,
} from "pocketsage/remote";
import * as replies from "./remote-replies.mjs";

const unit = Float32Array.of(0.6, 0.8);
const byId = (item, count = 2) => ({ item, count });
const both = (item, count = 2) => ({ item, vector: unit, count });
const hits = (answer) => {
  assert.equal(answer.status, "ok", answer.error?.message);
  return answer.hits.map(({ item, score }) => [item, Math.round(score * 1e4) / 1e4]);
};

/** A fetch that replies by path from `replies` and records the requests. */
function recorded(replies) {
  const requests = [];
  const fetch = async (url, { method, headers, body }) => {
    const { pathname, search } = new URL(url);
    requests.push({
      method,
      path: pathname + search,
      headers,
      body: body?.includes?.("\n")
        ? body
            .trim()
            .split("\n")
            .map((line) => JSON.parse(line))
        : body && JSON.parse(body),
    });
    const reply = replies[pathname];
    const value = typeof reply === "function" ? reply(requests.at(-1)) : reply;
    return value instanceof Response
      ? value
      : Response.json(value ?? { error: "no such path" }, { status: value ? 200 : 404 });
  };
  return { fetch, requests };
}

test("Milvus v2: one request by vector; hits of all queries in one list, with topks", async () => {
  const { fetch, requests } = recorded({ "/v2/vectordb/entities/search": replies.milvus.search });
  const answers = await milvus({
    url: "https://m.example",
    collection: "items",
    token: "root:Milvus",
    fetch,
  }).ask([both("a"), both("x")]);
  assert.deepEqual(answers.map(hits), [
    [
      ["b", 0.9],
      ["c", 0.8],
    ],
    [["d", 0.7]],
  ]);
  assert.deepEqual(requests[0].body, {
    collectionName: "items",
    data: [
      [0.6, 0.8],
      [0.6, 0.8],
    ],
    annsField: "vector",
    limit: 3,
    outputFields: ["id"],
  });
  assert.equal(requests[0].headers.authorization, "Bearer root:Milvus");
});

test("Milvus v2: queries by stored id, int64 ids as strings, filters as templates", async () => {
  const { fetch, requests } = recorded({
    "/v2/vectordb/entities/search": {
      code: 0,
      data: [{ id: "9223372036854775807", distance: 0.5 }],
      topks: [1],
    },
  });
  const filter = {
    all: [
      { field: "colour", in: ["red", '" or 1==1'] },
      { field: "size", from: 3 },
      { not: { field: "kind", is: 1 } },
    ],
  };
  const retriever = milvus({
    url: "https://m.example",
    collection: "items",
    byId: true,
    idType: "int64",
    filter,
    fetch,
  });
  assert.deepEqual(hits((await retriever.ask([byId("42")]))[0]), [["9223372036854775807", 0.5]]);
  assert.deepEqual(requests[0].body.ids, [42]);
  assert.equal(
    requests[0].body.filter,
    "((colour == {v0} or colour == {v1}) and size >= {v2} and kind != {v3})",
  );
  assert.deepEqual(requests[0].body.exprParams, { v0: "red", v1: '" or 1==1', v2: 3, v3: 1 });
  assert.equal(requests[0].headers["accept-type-allow-int64"], "false");
});

test("Milvus: a 200 with an error code is an error", async () => {
  for (const [code, reason] of [
    [1800, "refused"],
    [100, "not-found"],
    [8, "status"],
    [1100, "reply"],
  ]) {
    const { fetch } = recorded({ "/v2/vectordb/entities/search": { code, message: "because" } });
    const [answer] = await milvus({ url: "https://m.example", collection: "items", fetch }).ask([
      { vector: unit, count: 2 },
    ]);
    assert.equal(answer.status, "error");
    assert.equal(answer.error.reason, reason, String(code));
  }
});

test("Pinecone: one request per query, no matches for unknown ids, vectors by fetch", async () => {
  const { fetch, requests } = recorded({
    "/query": ({ body }) =>
      body.id === "none" ? { ...replies.pinecone.query, matches: [] } : replies.pinecone.query,
    "/vectors/fetch": replies.pinecone.vectors,
  });
  const filter = {
    any: [{ field: "colour", is: "red" }, { not: { field: "size", from: 1, to: 5 } }],
  };
  const retriever = pinecone({
    url: "https://items.svc.pinecone.io",
    apiKey: "k",
    namespace: "shop",
    filter,
    fetch,
  });
  const answers = await retriever.ask([byId("a"), byId("none")]);
  assert.deepEqual(hits(answers[0]), [["b", 0.5]]);
  assert.equal(answers[1].status, "not-found");
  assert.deepEqual(requests[0].body, {
    id: "a",
    topK: 3,
    namespace: "shop",
    includeValues: false,
    includeMetadata: false,
    filter: {
      $or: [{ colour: { $eq: "red" } }, { $or: [{ size: { $lt: 1 } }, { size: { $gt: 5 } }] }],
    },
  });
  assert.equal(requests[0].headers["api-key"], "k");
  assert.match(requests[0].headers["x-pinecone-api-version"], /^\d{4}-\d\d$/);
  assert.equal(requests.at(-1).path, "/vectors/fetch?ids=none&namespace=shop");
  assert.deepEqual(await retriever.vectors(["a"]), [unit]);
});

test("Elasticsearch: one _msearch, a result or error per query, scores (1 + cos) / 2", async () => {
  const { fetch, requests } = recorded({
    "/_msearch": replies.elasticsearch.search,
    "/items/_mget": replies.elasticsearch.documents,
  });
  const retriever = elasticsearch({
    url: "https://es.example",
    index: "items",
    apiKey: "k",
    byId: true,
    filter: { field: "size", to: 9 },
    fetch,
  });
  const answers = await retriever.ask([byId("a"), byId("none"), byId("c")]);
  assert.deepEqual(hits(answers[0]), [["b", 0.5]]);
  assert.equal(answers[1].status, "not-found");
  assert.deepEqual([answers[2].error.reason, answers[2].error.status], ["status", 429]);
  assert.equal(requests[0].headers["content-type"], "application/x-ndjson");
  assert.deepEqual(requests[0].body.slice(0, 2), [
    { index: "items" },
    {
      knn: {
        field: "embedding",
        query_vector_builder: { lookup: { id: "a", index: "items", path: "embedding" } },
        k: 3,
        num_candidates: 100,
        filter: { range: { size: { lte: 9 } } },
      },
      size: 3,
      _source: false,
    },
  ]);
});

test("Elasticsearch before 9.4: the stored vector is fetched first", async () => {
  const { fetch, requests } = recorded({
    "/items/_mget": replies.elasticsearch.documents,
    "/_msearch": { took: 1, responses: replies.elasticsearch.search.responses.slice(0, 1) },
  });
  const [answer] = await elasticsearch({ url: "https://es.example", index: "items", fetch }).ask([
    byId("a"),
  ]);
  assert.deepEqual(hits(answer), [["b", 0.5]]);
  assert.deepEqual(
    requests.map(({ path }) => path),
    ["/items/_mget?_source_includes=embedding", "/_msearch"],
  );
  assert.deepEqual(requests[1].body[1].knn.query_vector, [0.6, 0.8]);
});

test("Typesense: one multi_search; only safe ids are put into a vector query", async () => {
  const { fetch, requests } = recorded({
    "/multi_search": ({ body }) => ({
      results: body.searches.map(({ vector_query: vectorQuery, filter_by: only }) => {
        if (vectorQuery === undefined) return { found: 0, hits: [], only };
        if (vectorQuery.includes("id: none"))
          return { code: 400, error: "Document id referenced in vector query is not found." };
        return replies.typesense.search.results[0];
      }),
    }),
  });
  const retriever = typesense({
    url: "https://t.example",
    collection: "items",
    apiKey: "k",
    filter: { not: { field: "size", is: 3 } },
    fetch,
  });
  const answers = await retriever.ask([
    byId("a"),
    byId("none"),
    both("x), filter_by: ``"),
    byId("x), filter_by: ``"),
  ]);
  assert.deepEqual(hits(answers[0]), [["b", 0.75]]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    ["ok", "not-found", "ok", "not-found"],
  );
  assert.deepEqual(requests[0].body.searches[0], {
    collection: "items",
    q: "*",
    vector_query: "embedding:([], id: a, k:3)",
    per_page: 3,
    include_fields: "id",
    filter_by: "size:!=3",
  });
  assert.equal(requests[0].body.searches[2].vector_query, "embedding:([0.6,0.8], k:3)");
  assert.ok(
    !JSON.stringify(requests).includes("filter_by: ``"),
    "an unsafe id is in no query string",
  );
  assert.throws(
    () =>
      typesense({
        url: "https://t.example",
        collection: "items",
        apiKey: "k",
        filter: { field: "c", is: "red" },
      }),
    { code: "option" },
  );
});

/**
 * A mock binding with the interface of @cloudflare/workers-types, for an index of metric cosine.
 */
function binding(behaviour = {}) {
  const calls = [];
  const matches = {
    count: 2,
    matches: [
      { id: "a", score: 1 },
      { id: "b", score: 0.5 },
    ],
  };
  return {
    calls,
    index: {
      query: async (...args) => {
        calls.push(["query", ...args]);
        return matches;
      },
      queryById: async (id, options) => {
        calls.push(["queryById", id, options]);
        if (id === "none")
          throw new Error("VECTOR_QUERY_ERROR (code = 40026): vector with id none not found");
        return matches;
      },
      getByIds: async (ids) => {
        calls.push(["getByIds", ids]);
        if (ids.length > 20)
          throw new Error(
            "VECTOR_GET_ERROR (code = 40007): too many ids in payload; max id count is 20",
          );
        return ids.filter((id) => id.startsWith("a")).map((id) => ({ id, values: [0.6, 0.8] }));
      },
      ...behaviour,
    },
  };
}

test("Vectorize: by id through the binding, at most 100 hits, filters joined by and", async () => {
  const { index, calls } = binding();
  const filter = {
    all: [
      { field: "size", from: 1, to: 5 },
      { field: "colour", in: ["red", "blue"] },
    ],
  };
  const retriever = vectorize({ index, name: "items", filter });
  const answers = await retriever.ask([byId("a", 400), byId("none"), both("x".repeat(65), 5)]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    ["ok", "not-found", "ok"],
  );
  assert.deepEqual(hits(answers[0]), [["b", 0.5]]);
  assert.deepEqual(calls[0], [
    "queryById",
    "a",
    { topK: 100, filter: { size: { $gte: 1, $lte: 5 }, colour: { $in: ["red", "blue"] } } },
  ]);
  assert.equal(calls[2][0], "query");
  assert.deepEqual(await retriever.vectors(["a", "b"]), [unit, undefined]);
  assert.throws(
    () =>
      vectorize({
        index,
        name: "items",
        filter: {
          any: [
            { field: "a", is: 1 },
            { field: "b", is: 2 },
          ],
        },
      }),
    { code: "option" },
  );
});

test("Vectorize: vectors of more items than the limit of one call", async () => {
  const { index, calls } = binding();
  const items = Array.from({ length: 45 }, (_, row) => `${row % 2 ? "a" : "b"}${row}`);
  const vectors = await vectorize({ index, name: "items" }).vectors(items);
  assert.deepEqual(
    vectors.map((vector) => vector !== undefined),
    items.map((item) => item.startsWith("a")),
  );
  assert.deepEqual(
    calls.map(([, ids]) => ids.length),
    [20, 20, 5],
  );
});

test("Vectorize: a failed call fails only its query, a hanging call can be aborted", async () => {
  const failing = binding({ query: () => Promise.reject(new Error("internal error")) });
  const answers = await vectorize({ index: failing.index, name: "items" }).ask([
    byId("a"),
    { vector: unit, count: 1 },
  ]);
  assert.deepEqual(
    answers.map(({ status, error }) => error?.reason ?? status),
    ["ok", "network"],
  );
  const hanging = binding({ queryById: () => new Promise(() => {}) });
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 20);
  await assert.rejects(
    vectorize({ index: hanging.index, name: "items" }).ask([byId("a")], controller.signal),
    { code: "aborted" },
  );
});

test("Typesense: vectors of many items in one search, without unsafe ids", async () => {
  const { fetch, requests } = recorded({
    "/multi_search": ({ body: { searches } }) => ({
      results: searches.map(({ filter_by: only }) => ({
        hits: only
          .slice(4, -1)
          .split(",")
          .map((id) => ({ document: { id, embedding: [0.6, 0.8] } })),
      })),
    }),
  });
  const items = [...Array.from({ length: 120 }, (_, row) => `item-${row}`), "x] || size:>[0"];
  const vectors = await typesense({
    url: "https://t.example",
    collection: "items",
    apiKey: "k",
    fetch,
  }).vectors(items);
  assert.equal(vectors.filter(Boolean).length, 120);
  assert.equal(vectors.at(-1), undefined);
  assert.deepEqual(
    requests.map(({ body }) => body.searches.map(({ per_page: most }) => most)),
    [[100], [20]],
  );
  assert.match(requests[0].body.searches[0].filter_by, /^id:\[item-0,item-1,.*,item-99\]$/);
});

test("`identity` differs for every option that changes the answers", () => {
  const url = "https://engine.example";
  const identities = [
    qdrant({ url, collection: "items" }),
    qdrant({ url, collection: "items", idField: "sku" }),
    qdrant({ url, collection: "items", vectorName: "image" }),
    qdrant({ url, collection: "items", filter: { field: "size", is: 1 } }),
    qdrant({ url, collection: "others" }),
    milvus({ url, collection: "items" }),
    milvus({ url, collection: "items", idField: "sku" }),
    milvus({ url, collection: "items", database: "shop" }),
  ].map(({ identity }) => identity);
  assert.equal(new Set(identities).size, identities.length);
});

test("Redis: filters with strings are refused", () => {
  assert.throws(
    () => redis({ command: async () => [], key: "items", filter: { field: "c", is: "red" } }),
    { code: "option", message: /no parameters/ },
  );
});

const invalidFilters = [
  ["a field with a quote", { field: 'a"b', is: 1 }],
  ["a field of 64 letters", { field: "a".repeat(64), is: 1 }],
  ["no comparison", { field: "a" }],
  ...[NaN, Infinity, -Infinity].flatMap((number) => [
    [`${number} as an end`, { field: "a", from: number }],
    [`${number} as the other end`, { not: { field: "a", from: 1, to: number } }],
    [`${number} as a value`, { field: "a", is: number }],
    [`${number} in a list`, { field: "a", in: [1, number] }],
  ]),
  ["an object for a value", { field: "a", is: { $ne: 1 } }],
  ["an empty list", { field: "a", in: [] }],
  ["an empty all", { all: [] }],
  ["an unknown key", { field: "a", equals: 1 }],
  ["a string", "a = 1"],
];
for (const [name, filter] of invalidFilters) {
  test(`a filter with ${name} is refused`, () => {
    assert.throws(() => milvus({ url: "https://m.example", collection: "items", filter }), {
      code: "option",
    });
  });
}

test("a filter nested too deeply is refused", () => {
  let filter = { field: "a", is: 1 };
  for (let depth = 0; depth < 20; depth += 1) filter = { not: filter };
  assert.throws(() => milvus({ url: "https://m.example", collection: "items", filter }), {
    code: "option",
    message: /nested/,
  });
});
