import assert from "node:assert/strict";
import { test } from "node:test";
import { Catalogue } from "pocketsage";
import loadCore from "../../pkg/wasm/core.js";
import { DIM, ITEMS, rejects, smallCatalogue, vectorOf } from "./world.mjs";

const catalogue = await smallCatalogue();
const ones = new Float32Array(DIM).fill(1);

test("a catalogue holds its items, their vectors and payloads", () => {
  assert.equal(catalogue.size, 60);
  assert.equal(catalogue.dim, DIM);
  assert.equal(catalogue.precision, "full");
  assert.match(catalogue.hash, /^[0-9a-f]{16}$/);
  assert.ok(catalogue.spread > 0.5 && catalogue.spread < 2);
  assert.deepEqual([...catalogue.ids()], ITEMS);
  assert.ok(catalogue.has("food-1") && !catalogue.has("ghost") && !catalogue.has(""));
  assert.equal(catalogue.vector("ghost"), undefined);
  assert.deepEqual(catalogue.payload("food-1"), { title: "FOOD-1" });
  assert.equal(catalogue.payload("ghost"), undefined);
  const expected = vectorOf("food-1");
  const length = Math.hypot(...expected);
  catalogue
    .vector("food-1")
    .forEach((component, axis) => assert.ok(Math.abs(component - expected[axis] / length) < 1e-4));
});

test("search ranks by the exact cosine, highest first", () => {
  const query = vectorOf("sport-3");
  const cosine = (a, b) =>
    a.reduce((sum, x, axis) => sum + x * b[axis], 0) / Math.hypot(...a) / Math.hypot(...b);
  const expected = ITEMS.map((item) => [item, cosine(query, catalogue.vector(item))]).sort(
    (a, b) => b[1] - a[1],
  );
  const hits = catalogue.search(query, { count: 60 });
  assert.deepEqual(
    hits.map(({ item }) => item),
    expected.map(([item]) => item),
  );
  hits.forEach(({ score }, rank) => assert.ok(Math.abs(score - expected[rank][1]) < 1e-5));
  assert.equal(hits[0].item, "sport-3");
  assert.equal(catalogue.search(query).length, 20);
});

test("search leaves out excluded items and ignores unknown ids", () => {
  const [first] = catalogue.search(ones, { count: 1 });
  const hits = catalogue.search(ones, { count: 60, exclude: [first.item, "ghost", first.item] });
  assert.equal(hits.length, 59);
  assert.ok(hits.every(({ item }) => item !== first.item));
  assert.deepEqual(catalogue.search(ones, { exclude: ITEMS }), []);
});

test("searchMany returns for each query the hits of search", () => {
  const queries = ["food-1", "sport-1", "animal-1"].map(vectorOf);
  assert.deepEqual(
    catalogue.searchMany(queries, { count: 7 }),
    queries.map((query) => catalogue.search(query, { count: 7 })),
  );
  assert.deepEqual(catalogue.searchMany([]), []);
});

const wrongSearch = [
  [
    "a wrong dimension",
    [new Float32Array(3)],
    "dimension",
    /query 0: the vector has 3 components, expected 8/,
  ],
  ["an empty vector", [new Float32Array(0)], "dimension", /has 0 components/],
  ["NaN", [new Float32Array(DIM).fill(NaN)], "not-finite", /query 0: component 0.*NaN/],
  [
    "an array of strings",
    [["1", "2"]],
    "option",
    /expected a Float32Array or another array of numbers, saw an array/,
  ],
  ["an unknown option", [ones, { limit: 3 }], "option", /unknown option "limit".*count/],
  [
    "a count of 0",
    [ones, { count: 0 }],
    "option",
    /count.*whole number from 1 to 4294967295, saw 0/,
  ],
  ["a string to exclude", [ones, { exclude: "food-1" }], "option", /expected a list/],
];
for (const [name, args, code, message] of wrongSearch) {
  test(`search refuses ${name}`, () => rejects(() => catalogue.search(...args), code, message));
}

test("searches of 9,000 items, with and without sketches, equal exact ones", async () => {
  const dim = 48;
  const number = (row, axis) =>
    Math.sin(row * 12.9898 + axis * 78.233) + 2 * Math.sin((row % 150) * 3.7 + axis * 5.1);
  const vector = (row) => Float32Array.from({ length: dim }, (_, axis) => number(row, axis));
  const many = await Catalogue.from(
    Array.from({ length: 9000 }, (_, row) => [`item ${row}`, vector(row)]),
    { dim },
  );
  const assertEqualsExact = () => {
    for (const options of [
      { count: 10 },
      { count: 20, offset: 15, exclude: ["item 3"] },
      { minScore: 0.6 },
    ]) {
      for (const query of [9001, 9017, 3].map(vector))
        assert.deepEqual(
          many.search(query, options),
          many.search(query, { ...options, exact: true }),
        );
    }
  };
  assertEqualsExact();
  assertEqualsExact();
  many.add([["mine", vector(3)]]);
  assert.deepEqual(
    many.search(vector(3), { count: 2 }).map(({ item }) => item),
    ["item 3", "mine"],
  );
  assertEqualsExact();
  many.close();
});

test("a zero query has score 0 to all items, lowest rows first", () => {
  assert.deepEqual(catalogue.search(new Float32Array(DIM), { count: 2 }), [
    { item: "food-0", score: 0 },
    { item: "food-1", score: 0 },
  ]);
});

const wrongItems = [
  [
    "a wrong dimension",
    [
      ["a", ones],
      ["b", new Float32Array(2)],
    ],
    "dimension",
    /item 1 \("b"\).*has 2 components, expected 8/,
  ],
  [
    "infinity",
    [["a", new Float32Array(DIM).fill(Infinity)]],
    "not-finite",
    /item 0 \("a"\).*Infinity/,
  ],
  ["an empty id", [["", ones]], "option", /item 0: expected an item's id/],
  [
    "a repeated id",
    [
      ["a", ones],
      ["b", ones],
      ["a", ones],
    ],
    "option",
    /a/,
  ],
  [
    "half a surrogate pair",
    [["\ud83c", ones]],
    "option",
    /item 0: expected an item's id, well-formed Unicode of at most 65535 bytes/,
  ],
  ["an item that is no pair", [ones], "option", /item 0: expected \[id, vector\]/],
  [
    "a payload that is a function",
    [["a", ones, () => 1]],
    "option",
    /item 0 \("a"\): the payload cannot be written as JSON/,
  ],
  ["a cyclic payload", [["a", ones, cyclic()]], "option", /cannot be written as JSON/],
];
for (const [name, items, code, message] of wrongItems) {
  test(`Catalogue.from refuses ${name}`, () =>
    rejects(Catalogue.from(items, { dim: DIM }), code, message));
}

function cyclic() {
  const payload = {};
  payload.self = payload;
  return payload;
}

test("Catalogue.from refuses unknown options and values", async () => {
  await rejects(
    Catalogue.from([], { dim: DIM, precison: "full" }),
    "option",
    /unknown option "precison"/,
  );
  await rejects(Catalogue.from([["a", ones]], { dim: DIM, precision: "half" }), "option", /./);
  await rejects(Catalogue.from([], {}), "option", /dim.*saw undefined/);
});

test("items may come from a generator, with and without payloads", async () => {
  function* items() {
    yield ["a", ones, [1, "zwei", null]];
    yield ["b", ones];
    yield ["🍕", ones, ""];
  }
  const compactCatalogue = await Catalogue.from(items(), { dim: DIM, precision: "compact" });
  assert.equal(compactCatalogue.precision, "compact");
  assert.deepEqual(
    ["a", "b", "🍕"].map((item) => compactCatalogue.payload(item)),
    [[1, "zwei", null], undefined, ""],
  );
  compactCatalogue.close();
});

test("a catalogue read from its bytes or from a stream equals the original", async () => {
  const bytes = catalogue.toBytes();
  const stream = new ReadableStream({
    start(controller) {
      for (let at = 0; at < bytes.length; at += 1000)
        controller.enqueue(bytes.slice(at, at + 1000));
      controller.close();
    },
  });
  for (const source of [bytes, stream]) {
    const again = await Catalogue.fromBytes(source);
    assert.equal(again.hash, catalogue.hash);
    assert.deepEqual(again.toBytes(), bytes);
    assert.deepEqual(again.search(ones), catalogue.search(ones));
    again.close();
  }
});

test("truncated, foreign, altered and newer bytes are refused", async () => {
  const bytes = catalogue.toBytes();
  await rejects(Catalogue.fromBytes(bytes.slice(0, -1)), "corrupt", /./);
  await rejects(Catalogue.fromBytes(bytes.slice(0, 10)), "corrupt", /./);
  await rejects(Catalogue.fromBytes(new Uint8Array()), "corrupt", /./);
  await rejects(
    Catalogue.fromBytes(new TextEncoder().encode("<!doctype html><title>404</title>".repeat(20))),
    "corrupt",
    /./,
  );
  const flipped = bytes.slice();
  flipped[bytes.length >> 1] ^= 1;
  await rejects(Catalogue.fromBytes(flipped), "corrupt", /./);
  const newer = bytes.slice();
  newer[16] = 2; // the version
  await rejects(Catalogue.fromBytes(newer), "version", /2/);
  await rejects(
    Catalogue.fromBytes("bytes"),
    "option",
    /expected a Uint8Array or a ReadableStream, saw "bytes"/,
  );
});

test("after close every method throws closed; close is idempotent", async () => {
  const own = await smallCatalogue();
  own.close();
  own.close();
  own[Symbol.dispose]();
  const calls = [
    () => own.has("a"),
    () => own.vector("a"),
    () => own.payload("a"),
    () => [...own.ids()],
    () => own.search(ones),
    () => own.toBytes(),
  ];
  for (const call of calls) await rejects(call, "closed", /catalogue was closed/);
  assert.equal(own.size, 60, "properties stay readable");
});

test("close frees the memory", async () => {
  const { memory } = await loadCore();
  const bytes = catalogue.toBytes();
  for (let round = 0; round < 20; round++) (await Catalogue.fromBytes(bytes)).close();
  const before = memory.buffer.byteLength;
  for (let round = 0; round < 500; round++) (await Catalogue.fromBytes(bytes)).close();
  assert.equal(memory.buffer.byteLength, before, `500 catalogues of ${bytes.length} bytes`);
});

test("a change frees the catalogue it replaces", async () => {
  const { memory } = await loadCore();
  const changed = await smallCatalogue();
  for (let round = 0; round < 20; round++) changed.compact();
  const before = memory.buffer.byteLength;
  // More bytes than earlier tests can have left free. There is no await between the rounds, so no
  // finalizer runs, and only an explicit free prevents growth.
  const rounds = Math.ceil((2 * before) / changed.toBytes().length);
  for (let round = 0; round < rounds; round++) changed.compact();
  assert.equal(memory.buffer.byteLength, before, `bytes of wasm memory after ${rounds} changes`);
  changed.close();
});

test("near-duplicates are found through the representative of their group only", async () => {
  const items = [
    ["first"],
    ["first, again", { variantOf: "first" }],
    ["first, and again", { variantOf: "first" }],
    ["second"],
    ["second, again", { variantOf: "second" }],
    ["single"],
  ];
  const grouped = await Catalogue.from(
    items.map(([item, payload]) => [item, ones, payload]),
    { dim: DIM, attributes: ["variantOf"] },
  );
  const found = (options) => grouped.search(ones, options).map(({ item }) => item);
  assert.deepEqual(found(), ["first", "second", "single"]);
  assert.deepEqual(found({ exclude: ["second, again"] }), ["first", "single"]);
  assert.deepEqual(found({ exclude: ["first, and again"] }), ["second", "single"]);
  assert.deepEqual(found({ exclude: ["single"] }), ["first", "second"]);
  assert.equal(found({ variants: true }).length, 6);
  assert.equal(found({ variants: true, exclude: ["second, again"] }).length, 5);
  grouped.close();
});

test("holes of an array of queries are no vectors", async () => {
  const catalogue = await Catalogue.from([["a", [1, 0]]], { dim: 2 });
  // biome-ignore lint/suspicious/noSparseArray: a hole is the value under test.
  await rejects(() => catalogue.searchMany([, [1, 0]]), "option", /query 0.*saw undefined/);
});
