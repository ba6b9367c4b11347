// Input files that were once misread or refused: each is read, or refused with a way out.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { Catalogue } from "pocketsage";
import { emoji, pocketsage } from "../cli/run.mjs";
import { items, writeFixtures } from "./fixtures.mjs";

const file = await writeFixtures();

/** The catalogue that `build` writes, and its notes. */
async function build(name, ...args) {
  const out = file("out.sage");
  const run = await pocketsage(["build", file(name), "-o", out, "--no-recall", ...args]);
  assert.equal(run.code, 0, run.stderr);
  const catalogue = await Catalogue.fromBytes(new Uint8Array(await readFile(out)));
  return { catalogue, notes: run.stderr };
}

/** The message of a command that must fail: short, with the file, and one line. */
async function failure(...args) {
  const { code, stdout, stderr } = await pocketsage(args);
  assert.equal(code, 1, stderr);
  assert.equal(stdout, "");
  const message = stderr.replace(/^note: .*\n/gm, "").trimEnd();
  assert.ok(message.length <= 500 + "pocketsage: ".length, `${message.length}: ${message}`);
  assert.ok(!message.includes("\n"), message);
  return message;
}
const buildFailure = (name, ...args) =>
  failure("build", file(name), "-o", file("none.sage"), ...args);
const profile = (name, ...args) => {
  const options = ["-c", emoji, "-a", file(name), "--now", "2025-10-20", "--json", ...args];
  return pocketsage(["profile", ...options]);
};
const profileFailure = (name, ...args) =>
  failure("profile", "-c", emoji, "-a", file(name), ...args);

/** Whether the catalogue has the six items: their ids and the directions of their vectors. */
function assertItems(catalogue, ids = items.map(({ id }) => id)) {
  assert.deepEqual([...catalogue.ids()], ids);
  for (const [row, { vector }] of items.entries()) {
    const stored = catalogue.vector(ids[row]);
    const norm = Math.hypot(...vector);
    assert.equal(stored.length, vector.length);
    vector.forEach((value, axis) => assert.ok(Math.abs(stored[axis] - value / norm) < 1e-4));
  }
}

test("decimal commas: four dimensions where columns are separated by semicolons", async () => {
  const { catalogue } = await build("decimal-comma.csv");
  assert.equal(catalogue.dim, 4);
  const message = await buildFailure("mixed-separators.csv");
  assert.match(message, /:2: vector: .*separated by commas and by white space.*one separator/);
});

test("a vector in bytes of fixed width is float32 and reported; others are refused", async () => {
  const { catalogue, notes } = await build("fixed-bytes.parquet");
  assertItems(catalogue);
  assert.match(notes, /16 bytes are read as 4 float32 components/);
  assert.match(await buildFailure("odd-bytes.parquet"), /3 bytes, .*--binary/);
});

test("seconds and microseconds give the result of milliseconds, and are reported", async () => {
  const expected = await profile("milliseconds.jsonl");
  assert.equal(expected.code, 0, expected.stderr);
  assert.equal(expected.stderr, "");
  for (const unit of ["seconds", "microseconds"]) {
    const { stdout, stderr } = await profile(`${unit}.jsonl`);
    assert.equal(stdout, expected.stdout, unit);
    assert.match(stderr, new RegExp(`times are read as ${unit}`));
  }
  const stated = await profile("seconds.jsonl", "--at-unit", "s");
  assert.deepEqual([stated.stdout, stated.stderr], [expected.stdout, ""]);
  assert.match(await profileFailure("two-units.jsonl"), /:2: at: .* --at-unit/);
});

test("30 February, 0x10 and 20251004 are refused", async () => {
  for (const name of ["30-february", "hexadecimal"])
    assert.match(await profileFailure(`${name}.jsonl`), /:1: at: expected milliseconds/);
  assert.match(await profileFailure("date-as-digits.jsonl"), /:1: at: .*"2025-10-04"/);
});

test("an array in Fortran order is read", async () => {
  assertItems((await build("transposed.npy", "--ids", file("ids.txt"))).catalogue);
});

test("an int64 in a struct of Parquet is written to the payload", async () => {
  const { catalogue } = await build("struct-int64.parquet");
  assertItems(catalogue);
  assert.deepEqual(catalogue.payload("item-5"), { meta: { count: 5 } });
});

test("Parquet compressed by Zstandard and gzip is read", async () => {
  for (const name of ["zstd.parquet", "gzip.parquet"]) assertItems((await build(name)).catalogue);
});

test("the nameless index column of pandas is left out", async () => {
  const { catalogue } = await build("pandas-index.csv");
  assertItems(catalogue);
  assert.deepEqual(catalogue.payload("item-2"), { label: "label 2" });
});

test("a CSV without a header line: a short message, and --columns reads it", async () => {
  assert.match(await buildFailure("wide-without-header.csv"), /:1: .*--columns id,vector/);
  const { catalogue } = await build("wide-without-header.csv", "--columns", "id,vector");
  assert.deepEqual([catalogue.size, catalogue.dim], [3, 1536]);
});

test("an embeddings response, an array, and vectors of Pinecone are read", async () => {
  const positions = items.map((_, row) => String(row));
  const openai = await build("openai.json");
  assertItems(openai.catalogue, positions);
  assert.match(openai.notes, /OpenAI embeddings response.*--ids/);
  assertItems((await build("openai.json", "--ids", file("ids.txt"))).catalogue);
  assertItems((await build("array.json")).catalogue);
  const { catalogue } = await build("pinecone.jsonl", "--attribute", "genre");
  assertItems(catalogue);
  assert.deepEqual(catalogue.payload("item-1"), { genre: "comedy", year: 2001 });
  assert.deepEqual(catalogue.attributes(), ["genre"]);
});

test("an attribute that no item has is refused", async () => {
  for (const name of ["pinecone.jsonl", "array.json"]) {
    const message = await buildFailure(name, "--attribute", "gender");
    assert.match(message, /--attribute gender: no item has the field\. Payload fields: /);
  }
});

test("GloVe and word2vec or fastText text are read", async () => {
  assertItems((await build("glove.txt")).catalogue, [..."the,.'".slice(0, 6)]);
  assertItems((await build("fasttext.vec")).catalogue);
});

test("RecBole, GA4 and Segment logs are read and reported", async () => {
  for (const [name, title, items] of [
    ["recbole.inter", "RecBole interactions", ["1F355", "26BD"]],
    ["ga4.jsonl", "GA4 events", ["1F355"]],
    ["segment.jsonl", "Segment events", ["1F355"]],
  ]) {
    const { code, stdout, stderr } = await profile(name);
    assert.equal(code, 0, stderr);
    assert.match(stderr, new RegExp(`read as ${title}`));
    const { interests } = JSON.parse(stdout);
    assert.deepEqual(interests.flatMap((interest) => interest.items).sort(), items);
  }
});

test("an id beyond 2^53 is named as the file has it, with the advice to quote it", async () => {
  const message = await buildFailure("big-id.jsonl");
  assert.match(message, /:1: the number 9007199254740993 is beyond 2\^53.*quotes/);
});
