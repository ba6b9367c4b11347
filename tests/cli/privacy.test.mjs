// `pocketsage privacy plan`: the table, JSON, and invalid options.
import assert from "node:assert/strict";
import { test } from "node:test";
import { json, pocketsage } from "./run.mjs";

const options = ["privacy", "plan", "--items", "1000000", "--bytes", "500000"];

test("prints the ways side by side and marks the choice", async () => {
  const { code, stdout } = await pocketsage([...options, "--hosts", "2", "--epsilon", "6"]);
  assert.equal(code, 0);
  for (const line of [
    /^ {2}> split +/m,
    /^ {4}local +/m,
    /^ {4}shard +/m,
    /^ {4}static .*Refused/m,
  ])
    assert.match(stdout, line);
  const { choice, choices } = await json(options);
  assert.deepEqual([choice.kind, choices.length], ["shard", 2]);
});

for (const [name, args, code, message] of [
  ["no plan", ["privacy"], 2, /expected privacy plan/],
  ["no items", ["privacy", "plan", "--bytes", "1000"], 2, /--items N is missing/],
  ["a word", [...options, "--epsilon", "much"], 2, /--epsilon: expected a number, saw "much"/],
  ["epsilon 0", [...options, "--epsilon", "0"], 1, /epsilon: expected a number above 0/],
  ["too few bytes", ["privacy", "plan", "--items", "1000000", "--bytes", "10"], 1, /too few/],
])
  test(`refuses ${name}`, async () => {
    const result = await pocketsage(args);
    assert.equal(result.code, code);
    assert.match(result.stderr, message);
  });
