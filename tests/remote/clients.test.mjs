// Engines without a server in a package registry. The compiler checks that the requests of the
// adapters, and the replies in tests/js/remote-contracts.test.mjs, have the types of the official
// clients. For literals, TypeScript reports unknown fields.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { elasticsearch, milvus, pinecone, typesense } from "pocketsage/remote";
import * as replies from "../js/remote-replies.mjs";
import { clients } from "./servers/process.mjs";

const tsc = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));
const unit = Float32Array.of(0.6, 0.8);
const filter = {
  all: [
    { field: "size", from: 1, to: 5 },
    { any: [{ field: "size", is: 2 }, { not: { field: "size", is: 3 } }] },
  ],
};
const url = "https://engine.example";

/** The request bodies of an adapter: queries by id and by vector, and a lookup of vectors. */
async function requestsOf(make, options) {
  const bodies = [];
  const fetch = async (_, { body }) => {
    if (body)
      bodies.push(
        body
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line)),
      );
    return Response.json({}, { status: 500 });
  };
  const retriever = make({ url, fetch, ...options });
  await retriever.ask([
    { item: "a", vector: unit, count: 5 },
    { vector: unit, count: 3 },
  ]);
  await retriever.vectors(["a", "b"]).catch(() => undefined);
  return bodies.map((lines) => (lines.length === 1 ? lines[0] : lines));
}

/** The compiler's output for these literals, each `[type, value]`; empty if all are valid. */
async function compile(name, imports, literals) {
  const path = join(clients, `${name}.ts`);
  const lines = literals.map(
    ([type, value], index) => `export const literal${index}: ${type} = ${JSON.stringify(value)};`,
  );
  await writeFile(path, [...imports, ...lines, ""].join("\n"));
  const args = [
    tsc,
    "--ignoreConfig",
    "--noEmit",
    "--strict",
    "--skipLibCheck",
    "--target",
    "es2022",
    "--module",
    "nodenext",
    "--moduleResolution",
    "nodenext",
    path,
  ];
  return new Promise((resolve) =>
    execFile(process.execPath, args, { cwd: clients }, (_, stdout) => resolve(stdout)),
  );
}

/** Asserts that the literals compile, and that one with an unknown field does not. */
async function conforms(name, imports, literals) {
  assert.ok(literals.length > 0 && literals.every(([, value]) => value !== undefined));
  assert.equal(await compile(name, imports, literals), "");
  const invalid = literals.map(([type, value]) => [
    type,
    Array.isArray(value)
      ? [{ ...value[0], unknownField: 1 }, ...value.slice(1)]
      : { ...value, unknownField: 1 },
  ]);
  const output = await compile(`${name}-invalid`, imports, invalid.slice(0, 1));
  assert.match(
    output,
    /unknownField|No overload|not assignable/,
    "the types refuse unknown fields",
  );
}

test("Elasticsearch: searches and replies", { timeout: 60_000 }, async () => {
  const bodies = [
    ...(await requestsOf(elasticsearch, { index: "items", byId: true, filter })),
    ...(await requestsOf(elasticsearch, { index: "items" })),
  ];
  const searches = bodies.filter(Array.isArray);
  const gets = bodies.filter((body) => !Array.isArray(body));
  assert.ok(searches.length >= 2 && gets.length >= 1);
  await conforms(
    "elasticsearch",
    ['import type { estypes } from "@elastic/elasticsearch";'],
    [
      ...searches.map((lines) => ["estypes.MsearchRequestItem[]", lines]),
      ...gets.map((body) => ["estypes.MgetRequest", body]),
      ["estypes.MsearchResponse", replies.elasticsearch.search],
      ["estypes.MgetResponse<{ embedding: number[] }>", replies.elasticsearch.documents],
    ],
  );
});

test("Pinecone: queries and replies", { timeout: 60_000 }, async () => {
  const models =
    "./node_modules/@pinecone-database/pinecone/dist/pinecone-generated-ts-fetch/db_data/models";
  const imports = ["QueryRequest", "QueryResponse", "FetchResponse"].map(
    (name) => `import type { ${name} } from "${models}/${name}.js";`,
  );
  await conforms("pinecone", imports, [
    ...(await requestsOf(pinecone, { apiKey: "k", namespace: "shop", filter })).map((body) => [
      "QueryRequest",
      body,
    ]),
    ["QueryResponse", replies.pinecone.query],
    ["FetchResponse", replies.pinecone.vectors],
  ]);
});

test("Typesense: searches and replies", { timeout: 60_000 }, async () => {
  const imports = [
    'import type * as Types from "typesense/lib/Typesense/Types.js";',
    'import type { SearchResponseHit } from "typesense/lib/Typesense/Documents.js";',
    "type Item = { id: string; embedding?: number[] };",
    "type Hit = Partial<SearchResponseHit<Item>> & { vector_distance: number };",
  ];
  await conforms("typesense", imports, [
    ...(await requestsOf(typesense, { collection: "items", apiKey: "k", filter })).map((body) => [
      "Types.MultiSearchRequestsWithoutUnionSchema<Item, string>",
      body,
    ]),
    ["{ results: { found: number; hits: Hit[] }[] }", replies.typesense.search],
  ]);
});

test("Milvus v2: searches by vector and replies (the client's types have no more)", {
  timeout: 60_000,
}, async () => {
  const bodies = await requestsOf(milvus, { collection: "items", database: "shop" });
  await conforms(
    "milvus",
    ['import type * as sdk from "@zilliz/milvus2-sdk-node";'],
    [
      ...bodies.map((body) => [
        "data" in body ? "sdk.HttpVectorSearchReq" : "sdk.HttpVectorGetReq",
        body,
      ]),
      [
        "Pick<sdk.HttpVectorSearchResponse, 'code' | 'topks'>",
        { code: replies.milvus.search.code, topks: replies.milvus.search.topks },
      ],
    ],
  );
});
