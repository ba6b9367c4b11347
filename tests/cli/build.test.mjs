// `pocketsage build` from JSON lines: the catalogue, its report, and every kind of invalid item.
import assert from "node:assert/strict";
import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Catalogue } from "pocketsage";
import { assertBuildRefuses, folder, json, lines, pocketsage, things } from "./run.mjs";

const { path, put } = await folder();
const out = (name) => join(path, name);
const open = async (name) => Catalogue.fromBytes(new Uint8Array(await readFile(out(name))));

test("writes ids, vectors and payloads, and reports the catalogue", async () => {
  const items = await put("items.jsonl", lines(...things));
  const report = await json(["build", items, "-o", out("items.sage")]);
  const catalogue = await open("items.sage");
  const { size } = await stat(out("items.sage"));
  const { seconds, nearDuplicates, recall, bytesPerItem, ...rest } = report;
  const { spread, hash } = catalogue;
  assert.deepEqual(rest, {
    file: out("items.sage"),
    items: 12,
    dim: 3,
    precision: "full",
    bytes: size,
    spread,
    hash,
  });
  assert.ok(seconds > 0 && bytesPerItem === Math.round((size / 12) * 10) / 10);
  assert.deepEqual(recall, { at10: 1, queries: 6 });
  assert.deepEqual(nearDuplicates, { score: 0.95, variants: 9, kinds: 3, treatment: "report" });
  assert.deepEqual(
    [...catalogue.ids()],
    things.map(({ id }) => id),
  );
  assert.deepEqual(catalogue.payload("ball-2"), { label: "ball number 2" });
  const [x, y, z] = catalogue.vector("tea-0");
  assert.deepEqual([x.toFixed(3), y.toFixed(3), z.toFixed(3)], ["1.000", "0.000", "0.000"]);
});

test("the text report has the same values", async () => {
  const items = await put("text.jsonl", lines(...things));
  const { code, stdout } = await pocketsage(["build", items, "-o", out("text.sage")]);
  assert.equal(code, 0);
  const facts = [
    /^ {2}items +12$/m,
    /^ {2}dim +3$/m,
    /^ {2}precision +full$/m,
    /^ {2}hash +[0-9a-f]{16}$/m,
  ];
  for (const fact of facts) assert.match(stdout, fact);
});

test("equal items give equal bytes", async () => {
  const items = await put("same.jsonl", lines(...things));
  await json(["build", items, "-o", out("first.sage")]);
  await json(["build", items, "-o", out("second.sage")]);
  assert.deepEqual(await readFile(out("first.sage")), await readFile(out("second.sage")));
});

test("--precision compact needs about half the bytes", async () => {
  const vectorOf = (row) => Array.from({ length: 256 }, (_, i) => Math.sin(row * 300 + i));
  const wide = Array.from({ length: 50 }, (_, row) => ({ id: `${row}`, vector: vectorOf(row) }));
  const items = await put("wide.jsonl", lines(...wide));
  const full = await json(["build", items, "-o", out("full.sage")]);
  const compact = await json(["build", items, "-o", out("compact.sage"), "--precision", "compact"]);
  assert.equal(compact.precision, "compact");
  assert.ok(compact.bytes < full.bytes * 0.6, `${compact.bytes} of ${full.bytes}`);
});

test("--id and --vector select fields, the rest is the payload; integer ids", async () => {
  const items = await put(
    "fields.jsonl",
    lines({ sku: 17, emb: [1, 0], id: "not the id", vector: "not the vector" }),
  );
  await json(["build", items, "-o", out("fields.sage"), "--id", "sku", "--vector", "emb"]);
  const catalogue = await open("fields.sage");
  assert.deepEqual([...catalogue.ids()], ["17"]);
  assert.deepEqual(catalogue.payload("17"), { id: "not the id", vector: "not the vector" });
});

const invalidInputs = [
  [
    "a line that is not JSON",
    '{"id":"a","vector":[1]}\nnonsense\n',
    /:2: expected one JSON object a line, saw "nonsense"/,
  ],
  ["an array of numbers", "[1, 2]\n", /:1: expected one JSON object a line, saw 1\./],
  ["an array as a line", '{"id":"a","vector":[1]}\n[1]\n', /:2: .* a line, saw an array/],
  ["no id", lines({ vector: [1] }), /:1: the field "id" is missing\. Fields: vector\./],
  [
    "an empty id",
    lines({ id: "", vector: [1] }),
    /:1: id: expected an item's id, a non-empty string, saw ""/,
  ],
  [
    "a repeated id",
    lines({ id: "a", vector: [1] }, { id: "a", vector: [1] }),
    /:2: the id "a" is not unique: it is also at .*:1\./,
  ],
  ["no vector", lines({ id: "a" }), /:1: the field "vector" is missing\. Fields: id\./],
  [
    "a vector that is not an array",
    lines({ id: "a", vector: { x: 1 } }),
    /:1: vector: expected an array of numbers, saw an Object/,
  ],
  ["an empty vector", lines({ id: "a", vector: [] }), /:1: vector: expected an array of numbers/],
  [
    "NaN, which JSON writes as null",
    lines({ id: "a", vector: [1, NaN] }),
    /:1: vector: component 1 of the vector is not a number, saw null/,
  ],
  [
    "a number too large for 32 bits",
    lines({ id: "a", vector: [1e39] }),
    /:1: vector: component 0 of the vector is Infinity/,
  ],
  [
    "vectors of two lengths",
    `\n${lines({ id: "a", vector: [1, 2] }, { id: "b", vector: [1] })}`,
    /:3: vector: the vector has 1 components, expected 2, as at .*:2/,
  ],
  ["no items", "\n\n", /: no items\. Expected JSON lines or CSV with the fields id and vector/],
  [
    "bytes that are not UTF-8",
    Buffer.from([0x7b, 0xff, 0xfe, 0x0a]),
    /: the bytes are not UTF-8 text/,
  ],
];
for (const [name, content, message] of invalidInputs) {
  test(`${name}: exit code 1, the location, and no output file`, async () => {
    const items = await put("wrong.jsonl", content);
    await assertBuildRefuses(items, out("wrong.sage"), message);
    assert.deepEqual(
      (await readdir(path)).filter((name) => name.startsWith("wrong.sage")),
      [],
    );
  });
}

test("a missing input, a folder as input, an unwritable output: exit code 1", async () => {
  const items = await put("good.jsonl", lines(...things));
  await mkdir(out("folder.sage"));
  const cases = [
    [[out("absent.jsonl"), "-o", out("x.sage")], /absent\.jsonl: cannot be read: ENOENT/],
    [[path, "-o", out("x.sage")], /cannot be read: EISDIR/],
    [[items, "-o", out("absent/x.sage")], /absent\/x\.sage: cannot be written: ENOENT/],
    [[items, "-o", out("folder.sage")], /folder\.sage: cannot be written: EISDIR/],
  ];
  for (const [args, message] of cases) {
    const { code, stderr } = await pocketsage(["build", ...args]);
    assert.equal(code, 1, stderr);
    assert.match(stderr, message);
  }
  assert.deepEqual(
    (await readdir(path)).filter((name) => name.endsWith(".part")),
    [],
  );
});
