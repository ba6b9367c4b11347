// `pocketsage migrate`: a history for the catalogue of another model.
import assert from "node:assert/strict";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Catalogue, openSage } from "pocketsage";
import { folder, json, lines, pocketsage } from "./run.mjs";

const { path, put } = await folder();
const out = (name) => join(path, name);
const NOW = Date.UTC(2026, 0, 15);

/** Rows of 120 items on a curve, in `dim` dimensions; `turn` makes another model of it. */
const rowsOf = (dim, turn, first = 0) =>
  Array.from({ length: 120 }, (_, index) => ({
    id: `item-${first + index}`,
    vector: Array.from({ length: dim }, (_, k) =>
      Math.sin((first + index) * 0.37 * (1 + ((k + turn) % dim)) + turn),
    ),
  }));
const build = async (name, rows, space) => {
  const items = await put(`${name}.jsonl`, lines(...rows));
  const options = ["--space", space, "--near-duplicates", "keep", "--no-recall"];
  await json(["build", items, "-o", out(`${name}.sage`), ...options]);
};
await build("old", rowsOf(6, 0), "old@1");
await build(
  "new",
  rowsOf(6, 0).map(({ id, vector }) => ({ id, vector: vector.toReversed() })),
  "new@1",
);
await build("other", rowsOf(6, 0, 500), "other@1");
await build(
  "noise",
  rowsOf(6, 0).map(({ id }, row) => ({
    id,
    vector: Array.from({ length: 6 }, (_, k) => Math.sin(1e4 * Math.sin(row * 7 + k))),
  })),
  "noise@1",
);

const old = await Catalogue.fromBytes(await readFile(out("old.sage")));
const sage = await openSage({ catalogue: old, now: () => NOW });
await sage.record([
  { item: "item-3" },
  { item: "own", vector: old.vector("item-5").map((x) => x + 0.01) },
]);
const log = await put("alice.sage-log", await sage.export());

test("the report of a bridge, and a converted history", async () => {
  const bridge = await json(["migrate", out("old.sage"), out("new.sage")]);
  assert.deepEqual([bridge.from, bridge.to], ["old@1/6/unit", "new@1/6/unit"]);
  assert.deepEqual([bridge.sharedItems, bridge.fitted, bridge.heldOut], [120, 96, 24]);
  assert.ok(bridge.retention > 0.99);
  const before = await readFile(log);
  const command = ["migrate", out("old.sage"), out("new.sage"), log, "-o", out("new.sage-log")];
  const { bridge: used, ...report } = await json(command);
  assert.deepEqual(used, bridge);
  const { bytes, file, ...counts } = report;
  assert.deepEqual(counts, { actions: 2, byId: 1, bridged: 1, withoutVector: 0 });
  assert.equal(bytes, (await stat(file)).size);
  assert.ok(before.equals(await readFile(log)));
  const catalogue = await Catalogue.fromBytes(await readFile(out("new.sage")));
  const next = await openSage({ catalogue, now: () => NOW });
  await next.import(await readFile(out("new.sage-log")));
  const [own] = (await next.actions()).filter(({ item }) => item === "own");
  assert.equal(catalogue.search(own.vector, { count: 1 })[0].item, "item-5");
  const { stdout } = await pocketsage(command);
  assert.match(stdout, /^ {2}bridged +1$/m);
  assert.match(stdout, /^ {2}retention +\d\.\d{3} of the neighbourhood above chance$/m);
});

const refusals = [
  ["few shared items", ["other.sage"], 1, /0 items are in both catalogues, expected at least 100/],
  ["noise", ["noise.sage"], 1, /keeps -?0\.\d+ .*expected at least 0\.8 \(--min-retention\)/],
  ["one space", ["old.sage"], 1, /both catalogues are of the space "old@1\/6\/unit"/],
  ["a log without -o", ["new.sage", log], 2, /-o NEWLOG/],
  ["-o without a log", ["new.sage", "-o", out("x")], 2, /expected the file of a history/],
  ["a log as output", ["new.sage", log, "-o", log], 2, /-o/],
  ["a share above 1", ["new.sage", "--min-retention", "2"], 2, /--min-retention/],
  [
    "no log",
    ["new.sage", out("old.jsonl"), "-o", out("x")],
    1,
    /old\.jsonl: Not a stored profile.* changed\. Expected a history/,
  ],
  ["a log of another space", ["new.sage", out("new.sage-log"), "-o", out("x")], 1, /two spaces/],
];
for (const [name, args, exitCode, message] of refusals)
  test(`refused: ${name}`, async () => {
    const files = args.map((arg) => (/^\w+\.sage$/.test(arg) ? out(arg) : arg));
    const { code, stderr } = await pocketsage(["migrate", out("old.sage"), ...files]);
    assert.equal(code, exitCode, stderr);
    assert.match(stderr, message);
    await assert.rejects(stat(out("x")));
  });
