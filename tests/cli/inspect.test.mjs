// `pocketsage inspect`: the properties of a catalogue, and one item with its neighbours.
import assert from "node:assert/strict";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { emoji, folder, json, lines, pocketsage } from "./run.mjs";

const { path, put } = await folder();

test("the properties of a catalogue, and its first items", async () => {
  const report = await json(["inspect", emoji, "--count", "3"]);
  assert.deepEqual(Object.keys(report), [
    "file",
    "items",
    "dim",
    "precision",
    "bytes",
    "spread",
    "hash",
    "space",
    "attributes",
    "first",
  ]);
  assert.equal(report.file, emoji);
  assert.equal(report.bytes, (await stat(emoji)).size);
  assert.equal(report.dim, 384);
  assert.equal(report.precision, "compact");
  assert.equal(report.space, "all-MiniLM-L6-v2@int8/384/unit");
  assert.ok(report.items > 1800 && report.spread > 1 && report.spread < 2);
  assert.match(report.hash, /^[0-9a-f]{16}$/);
  assert.deepEqual(report.first, ["1F600", "1F603", "1F604"]);
  const { stdout } = await pocketsage(["inspect", emoji]);
  assert.match(stdout, new RegExp(`^ {2}hash +${report.hash}$`, "m"));
  assert.match(stdout, /^ {2}1F600 +😀 grinning face$/m);
});

test("--item: payload, norm and nearest neighbours", async () => {
  const pizza = await json(["inspect", emoji, "--item", "1F355", "--count", "10"]);
  assert.equal(pizza.payload.label, "pizza");
  assert.ok(Math.abs(pizza.norm - 1) < 1e-5, `${pizza.norm}`);
  assert.equal(pizza.nearest.length, 10);
  const scores = pizza.nearest.map(({ score }) => score);
  assert.deepEqual(
    scores,
    scores.toSorted((a, b) => b - a),
  );
  assert.ok(pizza.nearest.every(({ item }) => item !== "1F355"));
  assert.ok(pizza.nearest.filter(({ payload }) => payload.group === "food-drink").length >= 8);
  const { stdout } = await pocketsage(["inspect", emoji, "--item", "1F355"]);
  assert.match(stdout, /^🍕 pizza$/m);
  assert.match(stdout, /^ {2}payload +\{.*"label":"pizza".*\}$/m);
});

test("a catalogue of one zero vector without payload", async () => {
  const file = join(path, "zero.sage");
  await json(["build", await put("zero.jsonl", lines({ id: "nil", vector: [0, 0] })), "-o", file]);
  assert.deepEqual(await json(["inspect", file, "--item", "nil"]), {
    item: "nil",
    norm: 0,
    prior: 0,
    nearest: [],
  });
  const { stdout } = await pocketsage(["inspect", file, "--item", "nil"]);
  assert.match(stdout, /^ {2}payload +none$/m);
});

test("a missing item, and a truncated file: exit code 1", async () => {
  const truncated = await put("truncated.sage", (await readFile(emoji)).subarray(0, 5000));
  for (const [args, message] of [
    [
      [emoji, "--item", "pizza"],
      /emoji\.sage: no item "pizza" among [\d,]+\. The first ids: 1F600, /,
    ],
    [[truncated], /truncated\.sage: /],
  ]) {
    const { code, stdout, stderr } = await pocketsage(["inspect", ...args, "--json"]);
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.match(stderr, message);
  }
});

test("from the standard input", async () => {
  const report = await json(["inspect", "-"], { input: await readFile(emoji) });
  assert.deepEqual(report, { ...(await json(["inspect", emoji])), file: "stdin" });
});
