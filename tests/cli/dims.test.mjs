// `pocketsage build --dims`: principal axes, truncation, the file of the axes, catalogues as input.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Catalogue } from "pocketsage";
import { folder, json, lines, pocketsage } from "./run.mjs";

const { path, put } = await folder();
const out = (name) => join(path, name);
const open = async (name) => Catalogue.fromBytes(new Uint8Array(await readFile(out(name))));

// 24 components, of which four combinations carry nearly everything.
const DIM = 24;
const wave = (seed) => Array.from({ length: DIM }, (_, k) => Math.sin(seed * 7.1 + k * (seed + 1)));
const directions = [1, 2, 3, 4].map(wave);
const wide = Array.from({ length: 60 }, (_, row) => ({
  id: `item-${row}`,
  vector: Array.from(
    { length: DIM },
    (_, k) =>
      directions.reduce((sum, axis, at) => sum + axis[k] * Math.cos(row * (at + 1.3)), 0) +
      0.01 * Math.sin(row * 31 + k * 17),
  ),
  price: row,
}));
const items = await put("wide.jsonl", lines(...wide));
const dot = (x, y) => x.reduce((sum, value, k) => sum + value * y[k], 0);
const cosine = (a, b) => {
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
};
const build = (name, ...options) => json(["build", items, "-o", out(name), ...options]);

test("four principal axes of vectors with four directions keep the nearest items", async () => {
  const report = await build("pca.sage", "--dims", "4");
  assert.equal(report.dim, 4);
  assert.deepEqual(report.reduced, { from: DIM, method: "pca" });
  const truncated = await build("truncated.sage", "--dims", "4", "--reduce", "truncate");
  assert.deepEqual(truncated.reduced, { from: DIM, method: "truncate" });
  assert.ok(report.recall.at10 > 0.9, `recall ${report.recall.at10}`);
  assert.ok(report.recall.at10 > truncated.recall.at10 + 0.1, "better than the first components");
  const { stdout } = await pocketsage(["build", items, "-o", out("pca.sage"), "--dims", "4"]);
  assert.match(stdout, /^ {2}dim +4$/m);
  assert.match(stdout, /^ {2}reduced +from 24 dimensions, pca$/m);
  assert.match(stdout, /^ {2}recall@10 +(1\.0|0\.9)\d+ against exact search in all dimensions/m);
});

test("equal items give equal bytes, and all dimensions keep every distance", async () => {
  await build("once.sage", "--dims", "5");
  await build("again.sage", "--dims", "5");
  assert.deepEqual(await readFile(out("once.sage")), await readFile(out("again.sage")));
  for (const metric of ["l2", "ip"]) {
    await build("rotated.sage", "--dims", String(DIM), "--metric", metric);
    const rotated = await open("rotated.sage");
    const difference = (a, b) => a.map((value, k) => value - b[k]);
    const measure =
      metric === "ip"
        ? (a, b) => dot(a, b)
        : (a, b) => Math.sqrt(dot(difference(a, b), difference(a, b)));
    for (const [a, b] of [
      [0, 1],
      [2, 40],
      [7, 59],
    ]) {
      const expected = measure(wide[a].vector, wide[b].vector);
      const actual = measure(rotated.vector(wide[a].id), rotated.vector(wide[b].id));
      assert.ok(Math.abs(expected - actual) < 0.02, `${metric}: ${expected} and ${actual}`);
    }
  }
});

test("cosines of vectors with a common offset are those without it", async () => {
  const shifted = wide.map(({ id, vector }) => ({ id, vector: vector.map((value) => value + 9) }));
  const file = await put("shifted.jsonl", lines(...shifted));
  await json(["build", file, "-o", out("shifted.sage"), "--dims", "4"]);
  assert.ok((await open("shifted.sage")).spread > 1.9, "as unlike as directions can be");
});

test("truncation stores the first components", async () => {
  await build("first.sage", "--dims", "3", "--reduce", "truncate", "--metric", "ip");
  const vector = (await open("first.sage")).vector("item-7");
  vector.forEach((value, k) => void assert.ok(Math.abs(value - wide[7].vector[k]) < 1e-3));
});

test("the axes of --axes reduce a vector as the items were reduced", async () => {
  await build("axes.sage", "--dims", "4", "--axes", out("axes.npy"));
  const bytes = await readFile(out("axes.npy"));
  assert.equal(bytes.toString("latin1", 0, 8), "\x93NUMPY\x01\x00");
  const start = 10 + bytes.readUInt16LE(8);
  assert.equal(start % 64, 0);
  assert.match(bytes.toString("latin1", 10, start), /'<f4'.*False.*\(4, 25\)/);
  const values = new Float32Array(bytes.buffer.slice(bytes.byteOffset + start));
  const rowOf = (row) => values.subarray(row * (DIM + 1), (row + 1) * (DIM + 1));
  const axes = Array.from({ length: 4 }, (_, row) => rowOf(row).subarray(0, DIM));
  for (const [row, axis] of axes.entries())
    for (const [other, otherAxis] of axes.entries())
      assert.ok(Math.abs(dot(axis, otherAxis) - Number(row === other)) < 1e-5, "orthonormal");
  const { vector } = wide[9];
  const unit = vector.map((value) => value / Math.sqrt(dot(vector, vector)));
  const reduced = axes.map((axis, row) => dot(axis, unit) + rowOf(row)[DIM]);
  assert.ok(cosine((await open("axes.sage")).vector("item-9"), reduced) > 0.9999);
});

test("fewer items than dimensions, and items that are all equal", async () => {
  const few = await put("few.jsonl", lines(...wide.slice(0, 2)));
  await json(["build", few, "-o", out("few.sage"), "--dims", "20", "--metric", "ip"]);
  const catalogue = await open("few.sage");
  const expected = dot(wide[0].vector, wide[1].vector);
  const actual = dot(catalogue.vector("item-0"), catalogue.vector("item-1"));
  assert.ok(Math.abs(expected - actual) < 0.02, `${expected} and ${actual}`);
  const same = [1, 2, 3].map((id) => ({ id, vector: [0, 0, 0] }));
  const zeros = await put("zeros.jsonl", lines(...same));
  await json(["build", zeros, "-o", out("zeros.sage"), "--dims", "2"]);
  assert.deepEqual([...(await open("zeros.sage")).vector("1")], [0, 0]);
});

test("a catalogue is read with its payloads, metric, attributes and priors", async () => {
  const options = ["--metric", "l2", "--attribute", "price:number", "--prior", "price"];
  await build("whole.sage", ...options);
  const whole = await open("whole.sage");
  const report = await json(["build", out("whole.sage"), "-o", out("part.sage"), "--dims", "6"]);
  assert.equal(report.metric, "l2");
  assert.deepEqual(report.attributes, ["price"]);
  const part = await open("part.sage");
  assert.deepEqual([...part.ids()], [...whole.ids()]);
  assert.deepEqual(part.payload("item-9"), whole.payload("item-9"));
  assert.equal(part.prior("item-9").toFixed(2), whole.prior("item-9").toFixed(2));
  const hits = part.search(part.vector("item-9"), { count: 1, filter: { field: "price", is: 9 } });
  assert.equal(hits[0].item, "item-9");
});

for (const [options, message] of [
  [["--dims", "25"], /--dims: expected at most 24, as the vectors, saw 25/],
  [["--dims", "0"], /--dims: expected a whole number from 1/],
  [["--axes", "a.npy"], /--axes: expected --dims D beside it/],
  [["--reduce", "pca"], /--reduce: expected --dims D beside it/],
  [["--dims", "4", "--reduce", "half"], /--reduce/],
  [["--dims", "4", "--reduce", "truncate", "--axes", "a.npy"], /--axes: there are none/],
])
  test(`refuses ${options.join(" ")}`, async () => {
    const { code, stderr } = await pocketsage(["build", items, "-o", out("no.sage"), ...options]);
    assert.equal(code, 2);
    assert.match(stderr, message);
  });
