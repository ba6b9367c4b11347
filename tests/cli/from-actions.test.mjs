// `pocketsage build --from-actions`: vectors of items from the actions of many users.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Catalogue } from "pocketsage";
import { folder, json, lines, pocketsage } from "./run.mjs";

const { path, put } = await folder();
const out = (name) => join(path, name);
const open = async (name) => Catalogue.fromBytes(await readFile(out(name)));

const KINDS = ["tea", "bike"];
const items = KINDS.flatMap((kind) =>
  Array.from({ length: 8 }, (_, index) => ({ id: `${kind}-${index}`, title: `${kind} ${index}` })),
);
/** 40 users of one kind each, who act on six of its first seven items. */
const actions = (kinds, part = () => undefined) =>
  Array.from({ length: 40 }, (_, user) =>
    Array.from({ length: 6 }, (_, step) => ({
      user: `u${user}`,
      item: `${kinds[user % 2]}-${(user * 3 + step) % 7}`,
      at: 1_700_000_000 + user * 100 + step,
      ...(part(step) && { part: part(step) }),
    })),
  ).flat();
const itemsFile = await put("items.jsonl", lines(...items));
const actionsFile = await put("actions.jsonl", lines(...actions(KINDS)));
const fromActions = ["build", itemsFile, "--quiet", "--from-actions"];

test("items of the same histories are near; equal actions give equal bytes", async () => {
  const report = await json([...fromActions, actionsFile, "-o", out("a.sage")]);
  assert.deepEqual(report.fromActions, { actions: 240, users: 40, embedded: 14, dropped: 2 });
  assert.equal(report.items, 14);
  assert.match(report.space, /^actions-[0-9a-f]{8}\/\d+\/unit$/);
  const catalogue = await open("a.sage");
  for (const kind of KINDS) {
    const near = catalogue.search(catalogue.vector(`${kind}-2`), { count: 7 });
    assert.ok(near.every(({ item }) => item.startsWith(kind)));
  }
  await json([...fromActions, actionsFile, "-o", out("b.sage")]);
  assert.ok((await readFile(out("a.sage"))).equals(await readFile(out("b.sage"))));
  const { stdout } = await pocketsage([...fromActions, actionsFile, "-o", out("b.sage")]);
  assert.match(stdout, /actions +14 vectors from 240 actions of 40 users; 2 without company left/);
});

test("with --text, items without actions get the vector of their text", async () => {
  const text = ["--text", "title"];
  const report = await json([...fromActions, actionsFile, "-o", out("t.sage"), ...text]);
  assert.equal(report.items, 16);
  assert.deepEqual([report.fromActions.dropped, report.text.embedded], [0, 2]);
  const catalogue = await open("t.sage");
  const near = catalogue.search(catalogue.vector("bike-7"), { count: 5 });
  assert.ok(near.every(({ item }) => item.startsWith("bike")));
});

test("of a file that is split, only the train actions count", async () => {
  const split = actions(KINDS, (step) => (step < 4 ? "train" : "test"));
  // The test actions would join the kinds.
  const others = actions(KINDS.toReversed()).map((action) => ({ ...action, part: "later" }));
  const file = await put("split.jsonl", lines(...split, ...others));
  const report = await json([...fromActions, file, "-o", out("s.sage")]);
  assert.equal(report.fromActions.actions, 160);
  const catalogue = await open("s.sage");
  const near = catalogue.search(catalogue.vector("tea-2"), { count: 7 });
  assert.ok(near.every(({ item }) => item.startsWith("tea")));
});

test("what gives no vectors is refused with a remedy", async () => {
  const refused = async (code, pattern, ...command) => {
    const result = await pocketsage(["build", ...command, "-o", out("no.sage")]);
    assert.equal(result.code, code, result.stderr);
    assert.match(result.stderr, pattern);
  };
  const oneAction = await put("alone.jsonl", lines({ user: "u", item: "tea-1", at: 1 }));
  await refused(1, /no two items share a history/, itemsFile, "--from-actions", oneAction);
  const foreign = actions(["x", "y"]);
  const foreignFile = await put("foreign.jsonl", lines(...foreign));
  await refused(1, /none of its items has an id .*--id/, itemsFile, "--from-actions", foreignFile);
  const withVectors = await put("v.jsonl", lines({ id: "tea-1", vector: [1, 2] }));
  await refused(2, /the items have vectors/, withVectors, "--from-actions", actionsFile);
  const text = ["--text", "none", "--embed", "text"];
  const both = ["--text", "title", "--embed", "text", "--from-actions", actionsFile];
  await refused(2, /expected one of them/, itemsFile, ...both);
  await refused(1, /no item has words in these fields\. Name other fields: /, itemsFile, ...text);
  const columns = await put("columns.jsonl", lines({ who: "u", item: "tea-1", at: 1 }));
  const units = ["user,item,at", "u,tea-1,1700000000", "u,tea-2,1700000000000"].join("\n");
  for (const file of [columns, await put("units.csv", units)]) {
    const { code, stderr } = await pocketsage([...fromActions, file, "-o", out("no.sage")]);
    assert.equal(code, 1);
    assert.match(stderr, /Name the columns user, item and at, all times/);
    assert.doesNotMatch(stderr, /--(user|at-unit|columns)/);
  }
  const before = await readFile(actionsFile);
  const command = [...fromActions, actionsFile, "-o", out("no.sage")];
  const outputs = [
    ["-o", actionsFile],
    ["--axes", actionsFile, "--dims", "2"],
  ];
  for (const output of outputs) {
    const { code, stderr } = await pocketsage([...command, ...output]);
    assert.equal(code, 2);
    assert.match(stderr, /is an input of this command/);
  }
  assert.deepEqual(await readFile(actionsFile), before);
});
