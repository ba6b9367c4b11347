// `pocketsage build` from Arrow files and streams, and from safetensors, whole and damaged.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import {
  fixedSizeList,
  float16,
  float32,
  int64,
  list,
  tableFromArrays,
  tableToIPC,
  uint8,
} from "@uwdata/flechette";
import { Catalogue } from "pocketsage";
import { folder, json, pocketsage, root, things } from "./run.mjs";

const { path, put } = await folder();
const out = join(path, "out.sage");
const vectors = things.map(({ vector }) => vector);
const ids = things.map(({ id }) => id);
const idsFile = await put("ids.txt", ids.join("\n"));
const fixture = (name) => join(root, "tests", "fixtures", name);

async function build(file, ...args) {
  await json(["build", file, "-o", out, "--near-duplicates", "keep", ...args]);
  return Catalogue.fromBytes(new Uint8Array(await readFile(out)));
}
const vectorsOf = (catalogue) => [...catalogue.ids()].map((id) => [...catalogue.vector(id)]);

/** The catalogue stores 16 bits a component: errors are below a 10,000th of the largest. */
function assertVectors(actual, expected, message) {
  const bound = Math.max(...expected.flat().map(Math.abs)) / 10_000;
  assert.equal(actual.length, expected.length, message);
  for (const [row, values] of expected.entries())
    for (const [axis, value] of values.entries())
      assert.ok(Math.abs(actual[row][axis] - value) < bound, `${message}: ${actual[row]}`);
}

async function failure(file, ...args) {
  const { code, stderr } = await pocketsage(["build", file, "-o", out, ...args]);
  assert.equal(code, 1, stderr);
  assert.ok(stderr.length <= 520, stderr);
  return stderr;
}

/** The bytes of a safetensors file with these tensors: { name: { dtype, shape, data } }. */
function safetensors(tensors, change = (header) => header) {
  const header = { __metadata__: { format: "pt" } };
  const parts = [];
  let offset = 0;
  for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
    const bytes = Buffer.from(data.buffer);
    header[name] = { dtype, shape, data_offsets: [offset, offset + bytes.length] };
    offset += bytes.length;
    parts.push(bytes);
  }
  const text = Buffer.from(JSON.stringify(change(header)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, ...parts]);
}
const matrix = (Type, dtype, rows = vectors) => ({
  dtype,
  shape: [rows.length, rows[0].length],
  data: Type.from(rows.flat()),
});

for (const name of ["items.feather", "items.arrows"])
  test(`${name} as pyarrow writes it: dictionary, float16, int64, lists, structs`, async () => {
    const catalogue = await build(fixture(name), "--metric", "l2");
    const expectedIds = Array.from({ length: 40 }, (_, row) => `item ${row}`);
    assert.deepEqual([...catalogue.ids()], expectedIds);
    assertVectors([catalogue.vector("item 17")], [[17 / 8, -1, 0.5]], name);
    assert.deepEqual(catalogue.payload("item 0"), {
      large: `${2n ** 60n}`,
      tags: ["a", "t0"],
      bytes: [0, 255],
    });
    assert.deepEqual(catalogue.payload("item 39"), {
      large: `${2n ** 60n + 39n}`,
      tags: ["a", "t39"],
      bytes: [39, 255],
      meta: { n: 39 },
    });
  });

test("Arrow vectors of every kind of list and number", async () => {
  const integers = vectors.map((row) => row.map((value) => Math.round(value * 100)));
  for (const [type, rows] of [
    [list(float32()), vectors],
    [fixedSizeList(float32(), 3), vectors],
    [fixedSizeList(float16(), 3), integers],
    [list(uint8()), integers],
    [fixedSizeList(uint8(), 3), integers],
    [list(int64()), integers.map((row) => row.map(BigInt))],
  ])
    for (const format of ["file", "stream"]) {
      const table = tableFromArrays({ id: ids, vector: rows }, { types: { vector: type } });
      const file = await put("x.arrow", tableToIPC(table, { format }));
      const expected = rows.map((row) => row.map(Number));
      assertVectors(vectorsOf(await build(file, "--metric", "l2")), expected, format);
    }
});

test("actions are read from Feather files", async () => {
  const items = await put("items.arrow", tableToIPC(tableFromArrays({ id: ids, vector: vectors })));
  await build(items);
  const actions = await put("a.feather", tableToIPC(tableFromArrays({ item: ids.slice(0, 5) })));
  const { interests } = await json(["profile", "-c", out, "-a", actions]);
  assert.deepEqual(interests.flatMap(({ items: members }) => members).length, 5);
});

test("a damaged or foreign Arrow file is an error with a remedy", async () => {
  const valid = tableToIPC(tableFromArrays({ id: ids, vector: vectors }), { format: "file" });
  for (const [bytes, pattern] of [
    [Buffer.from("FEA1 and more"), /x\.arrow: .* Feather version 1, expected version 2\. Write/],
    [valid.subarray(0, 200), /x\.arrow: cannot be read as Arrow: .*pyarrow\.feather/],
    [Buffer.from(""), /x\.arrow: cannot be read as Arrow: /],
    [Buffer.from("hello"), /x\.arrow: cannot be read as Arrow: /],
  ])
    assert.match(await failure(await put("x.arrow", bytes)), pattern);
  const compressed = await readFile(fixture("items.feather"));
  for (let at = compressed.length >> 1; at < compressed.length - 700; at += 97) {
    const damaged = Buffer.from(compressed);
    damaged.fill(0xff, at, at + 12);
    const { code, stderr } = await pocketsage([
      ...["build", await put("x.feather", damaged), "-o", out, "-q"],
    ]);
    assert.ok(code === 0 || /^pocketsage: .*x\.feather/.test(stderr), stderr);
  }
});

test("safetensors of every type, one tensor of several by its name", async () => {
  const integers = vectors.map((row) => row.map((value) => Math.round(value * 100)));
  for (const [tensor, rows] of [
    [matrix(Float32Array, "F32"), vectors],
    [matrix(Float64Array, "F64"), vectors],
    [matrix(Int8Array, "I8", integers), integers],
    [matrix(Uint8Array, "U8", integers), integers],
    [matrix(Int16Array, "I16", integers), integers],
    [{ ...matrix(Int32Array, "I32", integers) }, integers],
    [{ dtype: "I64", shape: [12, 3], data: BigInt64Array.from(integers.flat(), BigInt) }, integers],
  ]) {
    const file = await put("x.safetensors", safetensors({ weight: tensor }));
    const catalogue = await build(file, "--ids", idsFile, "--metric", "l2");
    assertVectors(vectorsOf(catalogue), rows, tensor.dtype);
  }
  // bfloat16 is the upper half of a float32.
  const floats = Float32Array.from(integers.flat());
  const halves = Uint16Array.from(floats, (_, at) => new Uint32Array(floats.buffer)[at] >>> 16);
  const bfloat = { dtype: "BF16", shape: [12, 3], data: halves };
  const several = safetensors({ a: matrix(Float32Array, "F32"), b: bfloat });
  const file = await put("x.safetensors", several);
  const catalogue = await build(file, "--ids", idsFile, "--vector", "b", "--metric", "l2");
  assertVectors(vectorsOf(catalogue), integers, "BF16");
  assert.match(
    await failure(file, "--ids", idsFile),
    /no tensor "vector", and 2 tensors with two axes\. --vector NAME chooses one\. Tensors: a, b\./,
  );
  assert.match(await failure(file), /vectors without ids\. Add --ids FILE/);
});

const tensor = matrix(Float32Array, "F32");
for (const [name, bytes, pattern] of [
  ["no header", Buffer.from("short"), /the file of 5 bytes has no header\. Expected a safetensors/],
  ["a huge header", Buffer.alloc(64, 0xff), /has no header/],
  [
    "no JSON",
    Buffer.concat([Buffer.from([4, 0, 0, 0, 0, 0, 0, 0]), Buffer.from("{{{{")]),
    /not JSON/,
  ],
  ["a list", safetensors({}, () => []), /the header is not an object/],
  [
    "an entry that is no tensor",
    safetensors({}, () => ({ a: 1 })),
    /entry "a" describes no tensor/,
  ],
  [
    "negative sizes",
    safetensors({ a: tensor }, (header) => ({ ...header, a: { ...header.a, shape: [-1, 3] } })),
    /entry "a" describes no tensor/,
  ],
  [
    "an unknown type",
    safetensors({ a: { ...tensor, dtype: "F8_E4M3" } }),
    /type "F8_E4M3"\. Expected F16, BF16/,
  ],
  [
    "one axis",
    safetensors({ vector: { ...tensor, shape: [36] } }),
    /shape \(36\)\. Expected \(n, dim\)/,
  ],
  [
    "a wrong length",
    safetensors({ a: { ...tensor, shape: [13, 3] } }),
    /has bytes 0 to 144 of 144\. Expected 156 bytes/,
  ],
  ["a cut file", safetensors({ a: tensor }).subarray(0, -4), /has bytes 0 to 144 of 140/],
])
  test(`safetensors with ${name} is an error`, async () => {
    assert.match(await failure(await put("x.safetensors", bytes), "--ids", idsFile), pattern);
  });
