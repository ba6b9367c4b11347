// `pocketsage build --space`: the name of the vector space, and commands that refuse to mix two.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { folder, json, lines, pocketsage } from "./run.mjs";

const { path, put } = await folder();
const out = (name) => join(path, name);
const rows = Array.from({ length: 12 }, (_, index) => ({
  id: `item-${index}`,
  vector: [0, 1, 2, 3].map((k) => Math.sin(1 + index * 3 + k)),
}));
const items = await put("items.jsonl", lines(...rows));
const build = (name, ...options) => json(["build", items, "-o", out(name), ...options]);

test("the name has model, dimension and normalisation; inspect shows it", async () => {
  const { space } = await build("a.sage", "--space", "org/model@2");
  assert.equal(space, "org/model@2/4/unit");
  assert.equal((await json(["inspect", out("a.sage")])).space, space);
  const { stdout } = await pocketsage(["inspect", out("a.sage")]);
  assert.match(stdout, /^ {2}space +org\/model@2\/4\/unit$/m);
  assert.equal((await build("ip.sage", "--space", "m", "--metric", "ip")).space, "m/4/raw");
  assert.equal("space" in (await build("unnamed.sage")), false);
});

test("reduced vectors are of another space; other axes, another name", async () => {
  const cut = ["--space", "m", "--dims", "2", "--reduce", "truncate"];
  assert.equal((await build("cut.sage", ...cut)).space, "m/4/unit/first-2");
  const { space } = await build("pca.sage", "--space", "m", "--dims", "2");
  assert.match(space, /^m\/4\/unit\/pca-2-[0-9a-f]{8}$/);
  const fewer = await put("fewer.jsonl", lines(...rows.slice(0, 8)));
  const command = ["build", fewer, "-o", out("fewer.sage"), "--space", "m", "--dims", "2"];
  assert.notEqual((await json(command)).space, space);
});

test("a catalogue that is read keeps its name, and takes no other", async () => {
  await build("named.sage", "--space", "m");
  const command = ["build", out("named.sage"), "-o", out("again.sage")];
  assert.equal((await json(command)).space, "m/4/unit");
  const { code, stderr } = await pocketsage([...command, "--space", "n"]);
  assert.equal(code, 2);
  assert.match(stderr, /--space: the items are of the space "m\/4\/unit": leave the option out/);
});

test("delta refuses catalogues of two spaces and names both", async () => {
  await build("m.sage", "--space", "m");
  await build("n.sage", "--space", "n");
  await build("none.sage");
  const delta = (a, b) => ["delta", out(a), out(b), "-o", out("x.delta")];
  const { code, stderr } = await pocketsage(delta("m.sage", "n.sage"));
  assert.equal(code, 1);
  assert.match(stderr, /"m\/4\/unit" and "n\/4\/unit"/);
  await json(delta("m.sage", "none.sage"));
  await json(["merge", out("m.sage"), out("x.delta"), "-o", out("merged.sage")]);
  assert.equal((await json(["inspect", out("merged.sage")])).space, "m/4/unit");
});

for (const name of ["", "two words", "x".repeat(81), "/x"])
  test(`--space "${name.slice(0, 10)}" is an error of usage`, async () => {
    const command = ["build", items, "-o", out("x.sage"), "--space", name];
    const { code, stderr } = await pocketsage(command);
    assert.equal(code, 2);
    assert.match(stderr, /--space: expected MODEL or MODEL@REVISION/);
  });
