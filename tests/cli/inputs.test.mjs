// Formats of items and action logs beyond the cases: kinds of vectors, columns, exports, fields.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Catalogue } from "pocketsage";
import { CODECS, fixed, list, parquet, struct, text } from "./parquet-files.mjs";
import { emoji, folder, json, lines, pocketsage } from "./run.mjs";

const { path, put } = await folder();
const out = join(path, "out.sage");

/** The catalogue of a file, with inner products, so that vectors keep their lengths. */
async function build(name, content, ...args) {
  const file = await put(name, content);
  const run = await pocketsage(["build", file, "-o", out, "--no-recall", "--metric=ip", ...args]);
  assert.equal(run.code, 0, run.stderr);
  return Catalogue.fromBytes(new Uint8Array(await readFile(out)));
}
async function buildFailure(name, content, ...args) {
  const { code, stderr } = await pocketsage([
    "build",
    await put(name, content),
    "-o",
    out,
    ...args,
  ]);
  assert.equal(code, 1, stderr);
  return stderr;
}
const contents = (catalogue) =>
  [...catalogue.ids()].map((id) => [
    id,
    Array.from(catalogue.vector(id), (value) => Number(value.toFixed(3))),
    catalogue.payload(id),
  ]);
const twoItems = [
  ["a", [0.5, -1, 2], undefined],
  ["b", [1, 0.25, 0], undefined],
];

test("CSV: sep= line, one column a dimension, decimal commas, names of columns", async () => {
  const rows = (separator, decimal) =>
    [
      ["a", "0.5", "-1", "2"],
      ["b", "1", "0.25", "0"],
    ]
      .map((cells) => cells.join(separator).replaceAll(".", decimal))
      .join("\n");
  const columns = ["--vector", "d0..d2"];
  const cases = [
    ["x.csv", `id,d0,d1,d2\n${rows(",", ".")}`, ...columns],
    ["x.csv", `sep=;\nid;d0;d1;d2\n${rows(";", ",")}\n`, ...columns],
    ["x.tsv", `${rows("\t", ".")}\n`, "--columns", "id,d0..d2", ...columns],
    ["x.csv", `id|x|y|z\n${rows("|", ".")}`.replace(/^/, "sep=|\n"), "--vector", "x,y,z"],
    ["x.csv", `,id,0,1,2\n0,${rows(",", ".").replace("\n", "\n1,")}`, "--vector", "0..2"],
    ["x.csv", 'id,vector\na,"[0.5, -1,2 ]"\nb,"(1;0.25;0)"\n'],
    ["x.csv", "id,vector,\na,0.5 -1  2,\nb,\t1 0.25 0,\n"],
  ];
  for (const [name, content, ...args] of cases)
    assert.deepEqual(contents(await build(name, content, ...args)), twoItems, content);
});

test("CSV: what may be misread is refused with the line and a way out", async () => {
  const cases = [
    ['id,vector\na,"1,2 3"\n', /:2: vector: .*separated by commas and by white space/],
    ['id,vector\na,"1;2,3"\n', /:2: vector: .*commas and by semicolons/],
    ["id;vector\na;1,5\n", /:2: vector: the commas .* separate numbers or decimals/],
    ["id,vector\na,0x10 1\n", /:2: vector: component 0 .*not a number/],
    ["id,vector\na,Infinity 1\n", /:2: vector: component 0/],
    ["id,vector\na,01 1\n", /:2: vector: component 0/],
    ["a,0.5 1\nb,1 2\n", /:1: the first line is not a header.*--columns/],
    ["1F355,1760000000\n", /:1: the first line is not a header/],
    ["id,vector,\na,1 2,x\n", /:2: cell 3 has a value, "x", but its column has no name/],
    ["id,price,vector\na,cheap,1 2\n", /:2: --attribute price:number: expected a number/],
  ];
  for (const [content, message] of cases) {
    const attribute = content.includes("price") ? ["--attribute", "price:number"] : [];
    assert.match(await buildFailure("x.csv", content, ...attribute), message);
  }
});

test("--attribute: numbers from text, fields of objects", async () => {
  const csv = "id;price;vector\na;3,5;1 2\nb;;1 3\n";
  const prices = await build("x.csv", csv, "--attribute", "price:number");
  assert.deepEqual(prices.payload("a"), { price: 3.5 });
  const filter = { field: "price", from: 3, to: 4 };
  assert.deepEqual(
    prices.search(Float32Array.of(1, 1), { filter }).map(({ item }) => item),
    ["a"],
  );
  const nested = lines({ id: "a", vector: [1], meta: { genre: "x" } });
  const genres = await build("x.jsonl", nested, "--attribute", "meta.genre");
  assert.deepEqual(genres.payload("a"), { meta: { genre: "x" }, "meta.genre": "x" });
  assert.match(
    await buildFailure("x.csv", "id,n,vector\na,1,1 2\nb,x,1 2\n", "--attribute", "n:number"),
    /x\.csv:3: /,
  );
});

test("JSON: arrays and objects that span lines, and where they are broken", async () => {
  const [a, b] = ['{"id": "a", "vector": [0.5, -1, 2]}', '{"id": "b", "vector": [1, 0.25, 0]}'];
  for (const content of [
    `${a}\n\n${b}`,
    ` [\n${a}\n,${b}]\n`,
    `${a}${b}`.replaceAll(",", ",\n"),
    `${a.replace(":", ":\n")}\r\n${b}`,
  ])
    assert.deepEqual(contents(await build("x.json", content)), twoItems, content);
  for (const [content, message] of [
    [`[${a},]`, /:1: a comma ends the array/],
    [`[${a}\n,,${b}]`, /:2: expected one JSON object/],
    [`[${a}\n]x`, /:2: text outside an object, saw "x"/],
    [`[${a}\n${b}]`, /:1: expected one JSON object/],
    [`[\n${a}`, /:2: the JSON ends early/],
    ['[\n{"id": "a\n"}]', /:2: a string does not end in its line/],
    [`{\n"id": "a"\n`, /:1: the JSON ends early/],
    [`${a}\n{"id": 1`, /:2: expected one JSON object a line/],
    [
      '{"id": "a", "vector": [1], "n": 12345678901234567890}',
      /:1: the number 12345678901234567890/,
    ],
  ])
    assert.match(await buildFailure("x.json", content), message);
});

test("nested fields for --id and --vector leave the payload", async () => {
  const row = { key: { id: "a", more: 1 }, embedding: { values: [0.5, -1, 2] }, x: [1] };
  const catalogue = await build(
    "x.json",
    JSON.stringify([row], null, 2),
    ...["--id", "key.id", "--vector", "embedding.values"],
  );
  assert.deepEqual(contents(catalogue), [["a", [0.5, -1, 2], { key: { more: 1 }, x: [1] }]]);
});

test("exports of OpenAI, Vectorize and Chroma", async () => {
  const vectors = twoItems.map(([, vector]) => vector);
  const base64 = (vector) => Buffer.from(Float32Array.from(vector).buffer).toString("base64");
  const batch = vectors.map((embedding, row) => ({
    id: `batch_req_${row}`,
    custom_id: "ab"[row],
    response: { status_code: 200, body: { data: [{ index: 0, embedding }] } },
  }));
  const response = { data: vectors.map((v, index) => ({ index, embedding: base64(v) })) };
  const chroma = { ids: ["a", "b"], embeddings: vectors, documents: null, metadatas: [null, null] };
  const upsert = { vectors: twoItems.map(([id, values]) => ({ id, values })), namespace: "n" };
  await put("ids.txt", "a\nb\n");
  for (const [content, ...args] of [
    [lines(...batch)],
    [JSON.stringify(response, null, 1), "--ids", join(path, "ids.txt")],
    [JSON.stringify(chroma)],
    [JSON.stringify(upsert, null, 2)],
  ])
    assert.deepEqual(contents(await build("x.json", content, ...args)), twoItems, content);
  const full = { ...chroma, documents: ["one", "two"], metadatas: [{ year: 1 }, null] };
  const catalogue = await build("x.json", JSON.stringify(full), "--attribute", "year");
  assert.deepEqual(catalogue.payload("a"), { document: "one", year: 1 });
  assert.match(
    await buildFailure("x.json", JSON.stringify({ ...chroma, ids: ["a"] })),
    /embeddings: expected a list of 1 values, one an id, saw 2/,
  );
});

test("word vectors with a count, words with spaces, and a projector's pair of files", async () => {
  const words = "a 0.5 -1 2\nb 1 0.25 0\n";
  for (const [name, content] of [
    ["x.vec", `2 3\n${words}`],
    ["x.txt", words],
    ["x", words.replaceAll("\n", " \r\n")],
  ])
    assert.deepEqual(contents(await build(name, content)), twoItems);
  const spaced = await build("x.txt", "one 1 2 3\n. . . 4 5 6\n");
  assert.deepEqual([...spaced.ids()], ["one", ". . ."]);
  assert.match(await buildFailure("x.vec", `3 3\n${words}`), /expected 3 vectors, .* saw 2/);
  assert.match(
    await buildFailure("x.vec", "a 1 2\nb 1 2 3\n"),
    /:2: expected a word and 2 numbers/,
  );
  const vectors = "0.5\t-1\t2\n1\t0.25\t0\n";
  const single = await put("metadata.tsv", "a\nb\n");
  assert.deepEqual(contents(await build("vectors.tsv", vectors, "--ids", single)), twoItems);
  const many = await put("many.tsv", "word\tcount\na\t7\nb\t8\n");
  const catalogue = await build("vectors.tsv", vectors, "--ids", many, "--id", "word");
  assert.deepEqual(catalogue.payload("b"), { count: "8" });
  assert.match(await buildFailure("vectors.tsv", vectors), /vectors without ids\. Add --ids/);
});

test("Parquet: codecs, float16, binary and integer vectors, structs", async () => {
  const ids = ["a", "b"];
  const vectors = twoItems.map(([, vector]) => vector);
  const floats = list("vector", { type: "FLOAT" });
  for (const codec of CODECS) {
    const file = parquet({ id: ids, vector: vectors }, [text("id"), floats], { codec });
    assert.deepEqual(contents(await build("x.parquet", file)), twoItems, codec);
  }
  const half = list("vector", {
    type: "FIXED_LEN_BYTE_ARRAY",
    type_length: 2,
    logical_type: { type: "FLOAT16" },
  });
  const float16 = parquet({ id: ids, vector: vectors }, [text("id"), half]);
  assert.deepEqual(contents(await build("x.parquet", float16)), twoItems);
  for (const [binary, Type] of [
    ["float32", Float32Array],
    ["float64", Float64Array],
  ]) {
    const bytes = vectors.map((vector) => new Uint8Array(Type.from(vector).buffer));
    const schema = [text("id"), fixed("vector", bytes[0].length)];
    const file = parquet({ id: ids, vector: bytes }, schema);
    assert.deepEqual(contents(await build("x.parquet", file, "--binary", binary)), twoItems);
  }
  const random = Array.from({ length: 8 }, (_, row) => Math.sin(row + 1) / 3);
  const doubles = new Uint8Array(Float64Array.from(random).buffer);
  assert.match(
    await buildFailure(
      "x.parquet",
      parquet({ id: ["a"], vector: [doubles] }, [text("id"), fixed("vector", 64)]),
    ),
    /64 bytes of the vector "vector" are not 16 float32 components\. --binary/,
  );
  const integers = list("vector", { type: "INT64" });
  const meta = struct("meta", { name: "n", type: "INT64", repetition_type: "OPTIONAL" });
  const file = parquet(
    {
      id: ids,
      vector: [
        [1n, 2n],
        [3n, 4n],
      ],
      meta: [{ n: 2n ** 60n }, { n: 5n }],
    },
    [text("id"), integers, meta],
  );
  assert.deepEqual(contents(await build("x.parquet", file)), [
    ["a", [1, 2], { meta: { n: "1152921504606846976" } }],
    ["b", [3, 4], { meta: { n: 5 } }],
  ]);
});

test("Parquet that makes the decoder loop is an error at the deadline", async () => {
  const vectors = [[1, 2]];
  const valid = parquet({ id: ["a"], vector: vectors }, [
    text("id"),
    list("vector", { type: "FLOAT" }),
  ]);
  // The compressed size of the first page becomes negative: the decoder steps back and reads the
  // same bytes again and again.
  valid[19] = 3;
  const file = await put("hostile.parquet", valid);
  const begunAt = performance.now();
  const { code, stderr } = await pocketsage(["build", file, "-o", out, "-q"]);
  assert.equal(code, 1);
  assert.match(stderr, /hostile\.parquet: .*decoding takes longer than 10 s.*Write the file again/);
  assert.ok(performance.now() - begunAt < 30_000);
});

test("a first line of 1 MB is read in time linear in its length", async () => {
  const vector = Array.from({ length: 100_000 }, (_, axis) => (axis % 7) + 0.5);
  const text = JSON.stringify(vector);
  const cases = [
    ["long.jsonl", `{"id": "a", "vector": ${text}}`, /from 1 to|at most|32,?768/],
    ["long.csv", `id,vector\na,"${text}"`, /from 1 to|at most|32,?768/],
    ["long-header.csv", `id,vector,${"x".repeat(1_000_000)}\n`, /no items/],
    ["many-columns.csv", `${Array.from({ length: 100_000 }, (_, n) => `c${n}`)}\n1\n`, /:2: /],
    ["no-newline.txt", "x".repeat(1_000_000), /no items/],
    ["quotes.csv", `id,vector\na,"${'""'.repeat(400_000)}"\n`, /:2: vector/],
    ["brackets.json", "[".repeat(1_000_000), /long|ends early|complete/],
  ];
  for (const [name, content, message] of cases) {
    const file = await put(name, content);
    const begunAt = performance.now();
    const { code, stderr } = await pocketsage(["build", file, "-o", out, "--no-recall"]);
    const elapsed = performance.now() - begunAt;
    if (code !== 0) assert.match(stderr, message, name);
    assert.ok(elapsed < 6000, `${name}: ${elapsed.toFixed(0)} ms`);
  }
});

const profile = async (content, ...args) => {
  const file = await put("log.jsonl", content);
  return json(["profile", "-c", emoji, "-a", file, "--now", "2026-01-31", "-q", ...args]);
};
const EVENTS = [
  { sku: "1F355", when: { at: 1760000000 }, type: "buy", by: "u1", n: 2 },
  { sku: "26BD", when: { at: 1760086400 }, type: "view", by: "u1", n: 1 },
  { sku: "1F436", when: { at: 1760172800 }, type: "view", by: "u2", n: 1 },
];

test("actions: fields by name, nested fields, lists, users, kinds and weights", async () => {
  const fields = ["--item", "sku", "--at", "when.at", "--kind", "type", "--weight", "n"];
  const plain = EVENTS.map(({ sku, when, type, n }) => ({
    item: sku,
    at: when.at * 1000,
    kind: type,
    weight: n,
  }));
  const named = await profile(lines(...EVENTS), ...fields, "--kind", "buy=3");
  assert.deepEqual(named, await profile(lines(...plain), "--kind", "buy=3"));
  const ofUser = await profile(lines(...EVENTS), ...fields, "--user", "by=u1");
  assert.deepEqual(ofUser, await profile(lines(...plain.slice(0, 2))));
  const order = { orders: EVENTS.map(({ sku, n }) => ({ sku, n })), at: plain[0].at };
  const ofList = ["--item", "orders[].sku", "--weight", "orders[].n"];
  assert.deepEqual(
    await profile(lines(order, { orders: [] }), ...ofList),
    await profile(lines(...plain.map(({ item, weight }) => ({ item, weight, at: order.at })))),
  );
});

test("actions: what cannot be a profile of one user is refused", async () => {
  const file = await put("log.jsonl", lines(...EVENTS));
  const fail = async (...args) => {
    const { code, stderr } = await pocketsage(["profile", "-c", emoji, "-a", file, ...args]);
    assert.equal(code, 1, stderr);
    return stderr;
  };
  assert.match(await fail("--item", "sku", "--user", "by"), /:3: .*"u2".*--user by=u1/);
  assert.match(await fail("--item", "sku", "--user", "by=u3"), /no action of the user "u3"/);
  assert.match(await fail("--item", "skus[].id"), /no row has an item in skus\[\]\.id/);
  assert.match(await fail(), /:1: the field "item" is missing.*--item FIELD/);
  assert.match(await fail("--item", "type"), /:1 \("buy"\): the item is not in the catalogue/);
});

test("actions: --skip-unknown leaves out items that are not in the catalogue", async () => {
  const known = { item: "1F355", at: 1760000000000 };
  const args = ["--skip-unknown"];
  const mixed = await profile(lines({ item: "absent" }, known), ...args);
  assert.deepEqual(mixed, await profile(lines(known)));
});

test("actions: a vector in columns or in a list, from CSV and Parquet", async () => {
  const csv = await put("v.csv", "who,x,y,at\na,1,0,2026-01-30\nb,0,1,2026-01-30\n");
  const args = ["--item", "who", "--now", "2026-01-31", "-q"];
  const expected = await json(["profile", "-a", csv, "--vector", "x,y", ...args]);
  assert.equal(expected.interests.flatMap(({ items }) => items).length, 2);
  const file = await put(
    "v.parquet",
    parquet(
      {
        who: ["a", "b"],
        vector: [
          [1, 0],
          [0, 1],
        ],
        at: ["2026-01-30", "2026-01-30"],
      },
      [text("who"), list("vector", { type: "FLOAT" }), text("at")],
    ),
  );
  assert.deepEqual(await json(["profile", "-a", file, ...args]), expected);
});
