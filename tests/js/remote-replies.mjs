// Replies of engines that cannot run in the tests, in their documented shapes (sources:
// remote-contracts.test.mjs). tests/remote/clients.test.mjs checks them against the official
// clients' types.
const row = (id, distance) => ({ id, distance });

export const milvus = {
  /** Two queries: three hits of the first, one of the second. */
  search: {
    code: 0,
    cost: 0,
    data: [row("a", 1), row("b", 0.9), row("c", 0.8), row("d", 0.7)],
    topks: [3, 1],
  },
};

export const pinecone = {
  query: {
    matches: [
      { id: "a", score: 1, values: [] },
      { id: "b", score: 0.5 },
    ],
    namespace: "shop",
  },
  vectors: {
    vectors: { a: { id: "a", values: [0.6, 0.8] } },
    namespace: "shop",
    usage: { readUnits: 1 },
  },
};

const shards = { failed: 0, successful: 1, total: 1 };
const found = {
  took: 1,
  timed_out: false,
  _shards: shards,
  status: 200,
  hits: {
    total: { value: 2, relation: "eq" },
    hits: [
      { _index: "items", _id: "a", _score: 1 },
      { _index: "items", _id: "b", _score: 0.75 },
    ],
  },
};

export const elasticsearch = {
  /** One search with hits, one for a missing document, one rejected for overload. */
  search: {
    took: 2,
    responses: [
      found,
      {
        status: 404,
        error: {
          type: "resource_not_found_exception",
          reason: "document [none] not found in index [items]",
        },
      },
      { status: 429, error: { type: "es_rejected_execution_exception", reason: "queue full" } },
    ],
  },
  documents: {
    docs: [
      { _index: "items", _id: "a", found: true, _source: { embedding: [0.6, 0.8] } },
      { _index: "items", _id: "none", found: false },
    ],
  },
};

export const typesense = {
  search: {
    results: [
      {
        found: 2,
        hits: [
          { document: { id: "a" }, vector_distance: 0 },
          { document: { id: "b" }, vector_distance: 0.25 },
        ],
      },
    ],
  },
};
