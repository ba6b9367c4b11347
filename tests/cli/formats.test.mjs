// `pocketsage build` from NumPy and Parquet, with attributes, metrics, inverted lists and
// near-duplicates; `verify`, `delta` and `merge`.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { parquetWriteBuffer } from "hyparquet-writer";
import { Catalogue } from "pocketsage";
import { emoji, folder, json, lines, pocketsage, things } from "./run.mjs";

const { path, put } = await folder();
const out = (name) => join(path, name);
const open = async (name) => Catalogue.fromBytes(new Uint8Array(await readFile(out(name))));
const contentsOf = (catalogue) =>
  [...catalogue.ids()].map((id) => [id, catalogue.payload(id), catalogue.vector(id)]);

/** The bytes that np.save writes. */
function npy(
  rows,
  {
    descr = "<f4",
    shape = `(${rows.length}, ${rows[0]?.length ?? 0})`,
    fortran = "False",
    version = 1,
  } = {},
) {
  const text = `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;
  const textStart = version === 1 ? 10 : 12;
  const arrayStart = Math.ceil((textStart + text.length + 1) / 64) * 64;
  const header = `${text.padEnd(arrayStart - textStart - 1)}\n`;
  const LengthArray = version === 1 ? Uint16Array : Uint32Array;
  const headerLength = Buffer.from(LengthArray.of(header.length).buffer);
  const values = descr === "<f8" ? Float64Array.from(rows.flat()) : Float32Array.from(rows.flat());
  return Buffer.concat([
    Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0]),
    headerLength,
    Buffer.from(header),
    Buffer.from(values.buffer),
  ]);
}
const vectors = things.map(({ vector }) => vector);
const ids = things.map(({ id }) => id);

test("JSON lines, Parquet and NumPy with ids give the same catalogue", async () => {
  const jsonl = await put("a.jsonl", lines(...things));
  await json(["build", jsonl, "-o", out("a.sage")]);
  const expected = contentsOf(await open("a.sage"));
  const columns = [
    { name: "id", data: ids },
    { name: "vector", data: vectors, type: "JSON" },
    { name: "label", data: things.map(({ label }) => label) },
  ];
  await put(
    "text.parquet",
    Buffer.from(parquetWriteBuffer({ columnData: [columns[0], columns[2]] })),
  );
  for (const [name, bytes] of [
    ["f4", npy(vectors)],
    ["f8", npy(vectors, { descr: "<f8" })],
    ["version-2", npy(vectors, { version: 2 })],
  ]) {
    const file = await put(`${name}.npy`, bytes);
    const names = await put(
      "names.jsonl",
      lines(...things.map(({ id, label }) => ({ id, label }))),
    );
    await json(["build", file, "--ids", names, "-o", out(`${name}.sage`)]);
    assert.deepEqual(contentsOf(await open(`${name}.sage`)), expected, name);
  }
  const file = await put(
    "items.parquet",
    Buffer.from(parquetWriteBuffer({ columnData: columns, rowGroupSize: 5 })),
  );
  await json(["build", file, "-o", out("parquet.sage")]);
  assert.deepEqual(contentsOf(await open("parquet.sage")), expected);
});

test("--ids accepts a text file with one id a line", async () => {
  const file = await put("plain.npy", npy(vectors));
  await json([
    "build",
    file,
    "--ids",
    await put("plain.txt", `${ids.join("\n")}\n`),
    "-o",
    out("plain.sage"),
  ]);
  assert.deepEqual([...(await open("plain.sage")).ids()], ids);
});

test("64-bit integers, missing values and lists in Parquet become ordinary fields", async () => {
  const columnData = [
    { name: "id", data: [7n, 8n] },
    {
      name: "vector",
      data: [
        [1, 0],
        [0, 1],
      ],
      type: "JSON",
    },
    { name: "price", data: [3, undefined], type: "INT32", nullable: true },
  ];
  const file = await put("numbers.parquet", Buffer.from(parquetWriteBuffer({ columnData })));
  await json(["build", file, "-o", out("numbers.sage"), "--attribute", "price"]);
  const catalogue = await open("numbers.sage");
  assert.deepEqual([...catalogue.ids()], ["7", "8"]);
  assert.deepEqual([catalogue.payload("7"), catalogue.payload("8")], [{ price: 3 }, undefined]);
  assert.deepEqual(
    catalogue
      .search(Float32Array.of(0, 1), { filter: { field: "price", is: 3 } })
      .map(({ item }) => item),
    ["7"],
  );
});

const valid = npy(vectors);
const invalidArrays = [
  ["no ids", valid, undefined, /vectors without ids\. Add --ids FILE/],
  ["too few ids", valid, "a\nb\n", /expected one id a row of .*wrong\.npy, saw 2, too few\./],
  [
    "too many ids",
    valid,
    `${ids.join("\n")}\nmore\n`,
    /expected 12 ids, one a row of .*wrong\.npy, saw more\./,
  ],
  [
    "a repeated id",
    valid,
    `${ids.slice(1).join("\n")}\n${ids[1]}\n`,
    /row 11: the id "tea-1" is not unique: it is also at .*row 0/,
  ],
  [
    "a file of another format",
    Buffer.from("hello, world, hello"),
    "a\n",
    /: not a \.npy file\. Expected a NumPy array/,
  ],
  [
    "an unknown version",
    npy(vectors, { version: 9 }),
    "a\n",
    /format version is 9, expected at most 3/,
  ],
  ["complex numbers", npy(vectors, { descr: "<c8" }), "a\n", /the dtype is '<c8'/],
  [
    "three long axes",
    npy(vectors, { shape: "(3, 2, 2)" }),
    "a\n",
    /the shape is \(3, 2, 2\).*reshape/,
  ],
  ["one axis", npy(vectors, { shape: "(36,)" }), "a\n", /the shape is \(36,\).*reshape\(N, DIM\)/],
  [
    "a truncated file",
    valid.subarray(0, -1),
    "a\n",
    /the file has \d+ bytes, its header specifies \d+/,
  ],
  ["NaN", npy([[1, NaN]]), "a\n", /row 0: vector: component 1 of the vector is not a number/],
];
for (const [name, bytes, idText, message] of invalidArrays) {
  test(`NumPy with ${name}: exit code 1`, async () => {
    const file = await put("wrong.npy", bytes);
    const idArgs = idText === undefined ? [] : ["--ids", await put("wrong.txt", idText)];
    const { code, stderr } = await pocketsage(["build", file, ...idArgs, "-o", out("wrong.sage")]);
    assert.equal(code, 1, stderr);
    assert.match(stderr, message);
  });
}

test("an invalid Parquet file, and --ids for another format: exit code 1", async () => {
  const file = await put("no.parquet", "hello");
  const cases = [
    [[file], /no\.parquet: cannot be read as Parquet: /],
    [[out("absent.parquet")], /absent\.parquet: cannot be read: ENOENT/],
    [
      [await put("b.jsonl", lines(...things)), "--ids", file],
      /--ids is for vectors without fields/,
    ],
  ];
  for (const [args, message] of cases) {
    const { code, stderr } = await pocketsage(["build", ...args, "-o", out("x.sage")]);
    assert.equal(code, 1, stderr);
    assert.match(stderr, message);
  }
});

/** Ten groups of three near-duplicates; the first of every group comes first. */
const groups = [0, 1, 2].flatMap((variant) =>
  Array.from({ length: 10 }, (_, group) => ({
    id: `${group}-${variant}`,
    vector: Array.from(
      { length: 16 },
      (_, axis) => (axis === group ? 1 : 0) + 0.02 * variant * Math.sin(axis + variant),
    ),
    size: variant,
  })),
);

test("--near-duplicates report, drop, group and keep", async () => {
  const items = await put("groups.jsonl", lines(...groups));
  const build = (...args) => json(["build", items, "-o", out("groups.sage"), ...args]);
  const { nearDuplicates, items: itemCount } = await build();
  assert.deepEqual(
    [nearDuplicates, itemCount],
    [{ score: 0.95, variants: 20, kinds: 10, treatment: "report" }, 30],
  );
  assert.equal((await build("--near-duplicates", "keep")).nearDuplicates, undefined);
  assert.equal((await build("--near", "0.99999")).nearDuplicates.variants, 0);

  assert.equal((await build("--near-duplicates", "drop")).items, 10);
  assert.deepEqual(
    [...(await open("groups.sage")).ids()],
    groups.slice(0, 10).map(({ id }) => id),
  );

  const grouped = await build("--near-duplicates", "group", "--attribute", "size");
  assert.deepEqual([grouped.items, grouped.attributes], [30, ["size", "variantOf"]]);
  const catalogue = await open("groups.sage");
  const query = Float32Array.from(groups[0].vector);
  assert.deepEqual(catalogue.payload("0-2"), { size: 2, variantOf: "0-0" });
  const shown = catalogue.search(query, { count: 30 });
  assert.equal(shown.length, 10);
  assert.ok(shown.every(({ item }) => item.endsWith("-0")));
  assert.equal(catalogue.search(query, { count: 30, variants: true }).length, 30);
  assert.ok(catalogue.has("0-2") && catalogue.vector("0-2"));
  const without = catalogue.search(query, { count: 30, exclude: ["0-2"] }).map(({ item }) => item);
  assert.ok(
    !without.includes("0-0") && without.length === 9,
    "excluding a variant excludes the first of its group",
  );
  assert.deepEqual(catalogue.search(query, { filter: { field: "size", from: 1 } }), []);
  assert.equal(
    catalogue.search(query, { filter: { field: "size", from: 1 }, variants: true }).length,
    20,
  );
});

test("--lists always builds inverted lists and reports their recall", async () => {
  const many = Array.from({ length: 400 }, (_, row) => ({
    id: `${row}`,
    vector: Array.from(
      { length: 24 },
      (_, axis) => Math.sin(row * (axis + 3)) + (row % 5 === axis ? 3 : 0),
    ),
  }));
  const items = await put("many.jsonl", lines(...many));
  const { lists, recall } = await json([
    "build",
    items,
    "-o",
    out("many.sage"),
    "--lists",
    "always",
    "--near-duplicates",
    "keep",
  ]);
  assert.equal(lists.count, 13);
  assert.ok(lists.probed >= 1 && lists.probed <= 13 && lists.recall >= 0.99);
  assert.ok(recall.at10 > 0.9 && recall.at10 <= 1 && recall.queries === 100);
  const flat = await json(["build", items, "-o", out("flat.sage")]);
  assert.deepEqual([flat.lists, flat.recall.at10], [undefined, 1]);
  assert.equal(
    (await json(["build", items, "-o", out("flat.sage"), "--no-recall"])).recall,
    undefined,
  );
  const { code, stdout } = await pocketsage([
    "build",
    items,
    "-o",
    out("text.sage"),
    "--lists",
    "always",
    "--metric",
    "l2",
  ]);
  assert.equal(code, 0);
  for (const fact of [
    /^ {2}lists +13, \d+ probed, recall@10 (0\.99\d\d|1\.0000)$/m,
    /^ {2}metric +l2$/m,
    /^ {2}recall@10 +[01]\.\d{4} against exact search, over 100 queries$/m,
  ]) {
    assert.match(stdout, fact);
  }
});

test("the recall of l2 counts a zero vector at its distance", async () => {
  const points = Array.from({ length: 50 }, (_, row) => ({
    id: `${row}`,
    vector: [0, 1, 2].map((axis) => (row === 0 ? 0 : 0.2 * Math.sin(row * (axis + 3)))),
  }));
  const items = await put("zero.jsonl", lines(...points));
  const { recall } = await json(["build", items, "-o", out("zero.sage"), "--metric", "l2"]);
  assert.equal(recall.at10, 1);
});

test("verify accepts every kind of file and detects a flipped bit in any byte", async () => {
  const items = await put("v.jsonl", lines(...groups));
  const more = await put(
    "w.jsonl",
    lines(...groups.slice(3), { id: "new", vector: new Array(16).fill(1), size: 5 }),
  );
  await json(["build", items, "-o", out("v.sage"), "--attribute", "size", "--lists", "always"]);
  await json(["build", more, "-o", out("w.sage"), "--attribute", "size"]);
  const delta = await json(["delta", out("v.sage"), out("w.sage"), "-o", out("v.delta")]);
  assert.deepEqual([delta.changed, delta.dropped], [1, 3]);
  assert.ok(delta.share < 0.5);
  const merged = await json(["merge", out("v.sage"), out("v.delta"), "-o", out("merged.sage")]);
  assert.deepEqual([merged.items, merged.revision], [28, (await open("w.sage")).revision]);
  const sorted = (catalogue) => contentsOf(catalogue).sort();
  assert.deepEqual(sorted(await open("merged.sage")), sorted(await open("w.sage")));

  assert.equal((await json(["verify", emoji])).kind, "catalogue");
  assert.equal((await json(["verify", out("v.delta")])).kind, "delta");
  for (const name of ["v.sage", "merged.sage"])
    assert.equal((await json(["verify", out(name)])).items, name === "v.sage" ? 30 : 28);
  const { code, stdout } = await pocketsage(["verify", out("v.sage")]);
  assert.equal(code, 0);
  assert.match(stdout, /v\.sage: intact/);

  // Calls the function of the command: 5,000 processes would take minutes.
  const { verifyBytes } = await import("../../pkg/cli/commands/verify.js");
  for (const name of ["v.sage", "v.delta"]) {
    const bytes = new Uint8Array(await readFile(out(name)));
    await verifyBytes(bytes);
    for (let at = 0; at < bytes.length; at += 1) {
      bytes[at] ^= 1 << (at % 8);
      await assert.rejects(
        verifyBytes(bytes),
        /corrupt|[Vv]ersion|catalogue|bytes/,
        `${name}, byte ${at}`,
      );
      bytes[at] ^= 1 << (at % 8);
    }
  }
  const altered = new Uint8Array(await readFile(out("v.sage")));
  altered[700] ^= 1;
  const bad = await pocketsage(["verify", await put("bad.sage", altered)]);
  assert.equal(bad.code, 1);
  assert.match(bad.stderr, /bad\.sage: .*hash/);
});

test("delta and merge of files that do not match: exit code 1", async () => {
  await json([
    "build",
    await put("x.jsonl", lines({ id: "a", vector: [1, 2] }, { id: "c", vector: [3, 2] })),
    "-o",
    out("x.sage"),
  ]);
  await json([
    "build",
    await put("y.jsonl", lines({ id: "a", vector: [1, 2, 3] })),
    "-o",
    out("y.sage"),
  ]);
  await json([
    "build",
    await put("z.jsonl", lines({ id: "b", vector: [1, 2] })),
    "-o",
    out("z.sage"),
  ]);
  await json(["delta", out("x.sage"), out("z.sage"), "-o", out("xz.delta")]);
  const compact = ["--precision", "compact", "-o", out("compact.sage")];
  await json(["build", out("x.jsonl"), ...compact]);
  const cases = [
    [["delta", out("x.sage"), out("y.sage"), "-o", out("d")], /length of the vectors/],
    [["delta", out("x.sage"), out("compact.sage"), "-o", out("d")], /differ in .*precision/],
    [["delta", out("compact.sage"), out("x.sage"), "-o", out("d")], /differ in .*precision/],
    [["merge", out("z.sage"), out("xz.delta"), "-o", out("d")], /expected a delta of revision/],
    [["merge", out("x.sage"), out("z.sage"), "-o", out("d")], /expected a delta, saw a catalogue/],
    [["verify", out("x.jsonl")], /SAGE-CAT/],
    [["verify", out("absent")], /cannot be read/],
  ];
  for (const [args, message] of cases) {
    const { code, stderr } = await pocketsage(args);
    assert.equal(code, 1, stderr);
    assert.match(stderr, message);
  }
});
