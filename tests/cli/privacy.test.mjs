// `pocketsage privacy plan` and `ledger`: the tables, JSON, and invalid options.
import assert from "node:assert/strict";
import { test } from "node:test";
import { init } from "pocketsage";
import { openPrivacy } from "pocketsage/privacy";
import { DAY, FOLDER, makeCells, makeItems, makeNetwork, queriesOf } from "../privacy/world.mjs";
import { folder, json, pocketsage } from "./run.mjs";

const folderOfTest = await folder();
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
  ["no plan", ["privacy"], 2, /expected privacy plan or ledger/],
  ["a file after plan", [...options, "file"], 2, /expected no file after plan, saw file/],
  ["no ledger", ["privacy", "ledger"], 2, /the file of the ledger is missing/],
  ["a missing ledger", ["privacy", "ledger", "none.ledger"], 1, /none\.ledger/],
  ["a file that is no ledger", ["privacy", "ledger", "package.json"], 1, /expected the format/],
  ["a cap of 0", ["privacy", "ledger", "package.json", "--cap", "0"], 2, /above 0, saw 0/],
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

test("ledger prints the epsilon of each epoch, what is left, and no true cell", async () => {
  await init();
  const items = makeItems(200);
  const { fetch } = await makeNetwork(await makeCells(items, 16));
  let now = 20_000 * DAY;
  const privacy = await openPrivacy({
    mode: "cells",
    cells: { url: FOLDER },
    transport: "static",
    epsilon: 3,
    cap: 20,
    interests: 3,
    probes: 2,
    now: () => now,
    fetch,
  });
  await privacy.release(queriesOf(items, 0));
  now += DAY;
  await privacy.release(queriesOf(items, 0, 1));
  const { lifetime, epochs } = privacy.ledger();
  assert.equal(epochs.length, 2);
  const { put } = folderOfTest;
  const file = await put("my.ledger", privacy.exportLedger());
  privacy.close();

  const report = await json(["privacy", "ledger", file, "--cap", "20"]);
  assert.deepEqual([report.lifetime, report.epochs], [lifetime, epochs]);
  assert.ok(Math.abs(report.left - (20 - lifetime)) < 1e-12);
  assert.deepEqual([report.paidSets, report.cap], [2, 20]);
  assert.doesNotMatch(JSON.stringify(report), /cell/);

  const { code, stdout } = await pocketsage(["privacy", "ledger", file, "--cap", "20"]);
  assert.equal(code, 0);
  assert.match(stdout, /lifetime +epsilon (5\.99\d|6\.000)$/m);
  assert.match(stdout, /left +14\.0\d\d of 20/);
  assert.match(stdout, /^ *20000 +(2\.99\d|3\.000)$/m);
  assert.match(stdout, /^ *20001 +(2\.99\d|3\.000)$/m);
});

test("ledger of a device that has sent nothing", async () => {
  const empty = JSON.stringify({
    format: "pocketsage-privacy",
    version: 1,
    releases: [],
    frozen: [],
    never: [],
  });
  const { code, stdout } = await pocketsage(["privacy", "ledger", "-"], { input: empty });
  assert.equal(code, 0);
  assert.match(stdout, /No release has cost anything/);
});
