// Engines of which no server can be had: what the adapters send, and the replies that tests/js/remote-contracts.test.mjs lets them read, must be of
// the types of the official clients. The compiler checks literals strictly: a field that does not exist is an error.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
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

/** Everything an adapter sends to be asked by id, by vector, and for vectors. */
async function sent(make, options) {
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

/** What the compiler says about these literals: `[type, value]`, after these imports. */
async function compile(name, imports, literals) {
  const path = join(clients, `${name}.ts`);
  const lines = literals.map(
    ([type, value], place) => `export const literal${place}: ${type} = ${JSON.stringify(value)};`,
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

/** Checks the literals, and that one with a field too many would have been found. */
async function conforms(name, imports, literals) {
  assert.ok(literals.length > 0 && literals.every(([, value]) => value !== undefined));
  assert.equal(await compile(name, imports, literals), "");
  const spoilt = literals.map(([type, value]) => [
    type,
    Array.isArray(value)
      ? [{ ...value[0], nonsense: 1 }, ...value.slice(1)]
      : { ...value, nonsense: 1 },
  ]);
  const said = await compile(`${name}-spoilt`, imports, spoilt.slice(0, 1));
  assert.match(said, /nonsense|No overload|not assignable/, "the types refuse what is not theirs");
}

test("Elasticsearch: searches, and what they are answered", { timeout: 60_000 }, async () => {
  const bodies = [
    ...(await sent(elasticsearch, { index: "items", byId: true, filter })),
    ...(await sent(elasticsearch, { index: "items" })),
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

test("Pinecone: queries, and what they are answered", { timeout: 60_000 }, async () => {
  const models =
    "./node_modules/@pinecone-database/pinecone/dist/pinecone-generated-ts-fetch/db_data/models";
  const imports = ["QueryRequest", "QueryResponse", "FetchResponse"].map(
    (name) => `import type { ${name} } from "${models}/${name}.js";`,
  );
  await conforms("pinecone", imports, [
    ...(await sent(pinecone, { apiKey: "k", namespace: "shop", filter })).map((body) => [
      "QueryRequest",
      body,
    ]),
    ["QueryResponse", replies.pinecone.query],
    ["FetchResponse", replies.pinecone.vectors],
  ]);
});

test("Typesense: searches, and what they are answered", { timeout: 60_000 }, async () => {
  const imports = [
    'import type { MultiSearchRequestsWithoutUnionSchema } from "typesense/lib/Typesense/Types.js";',
    'import type { SearchResponseHit } from "typesense/lib/Typesense/Documents.js";',
    "type Item = { id: string; embedding?: number[] };",
    "type Hit = Partial<SearchResponseHit<Item>> & { vector_distance: number }; // which the client's types leave out, and the documentation has",
  ];
  await conforms("typesense", imports, [
    ...(await sent(typesense, { collection: "items", apiKey: "k", filter })).map((body) => [
      "MultiSearchRequestsWithoutUnionSchema<Item, string>",
      body,
    ]),
    ["{ results: { found: number; hits: Hit[] }[] }", replies.typesense.search],
  ]);
});

test("Milvus v2: searches, and what they are answered (asking by id and templates are newer than the client's types)", {
  timeout: 60_000,
}, async () => {
  const bodies = await sent(milvus, { collection: "items", database: "shop" });
  await conforms(
    "milvus",
    [
      'import type { HttpVectorGetReq, HttpVectorSearchReq, HttpVectorSearchResponse } from "@zilliz/milvus2-sdk-node";',
    ],
    [
      ...bodies.map((body) => ["data" in body ? "HttpVectorSearchReq" : "HttpVectorGetReq", body]),
      [
        "Pick<HttpVectorSearchResponse, 'code' | 'topks'>",
        { code: replies.milvus.search.code, topks: replies.milvus.search.topks },
      ],
    ],
  );
});
