// `pocketsage build --text` and `--embed text`: words in, with and without vectors.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Catalogue, memoryStore, openSage } from "pocketsage";
import { openSageText, openText } from "pocketsage/text";
import { folder, json, lines, pocketsage } from "./run.mjs";

const { path, put } = await folder();
const out = (name) => join(path, name);
const open = async (name) => Catalogue.fromBytes(await readFile(out(name)));

const KINDS = { tea: ["green", "leaf", "cup", "brew"], bike: ["wheel", "road", "saddle", "ride"] };
const rows = Object.entries(KINDS).flatMap(([kind, words], axis) =>
  Array.from({ length: 10 }, (_, index) => ({
    id: `${kind}-${index}`,
    vector: [0, 1, 2].map((k) => (k === axis ? 1 : 0.1 * Math.sin(index + k))),
    title: `${kind} ${words[index % 4]}`,
    tags: [words[(index + 1) % 4], kind],
  })),
);
const withoutVectors = rows.map(({ vector, ...row }) => row);
const items = await put("items.jsonl", lines(...rows));
const texts = await put("texts.jsonl", lines(...withoutVectors));
const TEXT = ["--text", "title,tags"];

test("--text stores words; equal items give equal bytes", async () => {
  const report = await json(["build", items, "-o", out("a.sage"), ...TEXT]);
  assert.equal(report.text.embedded, 0);
  assert.ok(report.text.cosine > 0.9 && report.text.bytes > 0 && report.text.features > 20);
  await json(["build", items, "-o", out("b.sage"), ...TEXT]);
  assert.ok((await readFile(out("a.sage"))).equals(await readFile(out("b.sage"))));
  const [hit] = openText(await open("a.sage")).search("saddle on the road");
  assert.match(hit.item, /^bike/);
  const { stdout } = await pocketsage(["build", items, "-o", out("a.sage"), ...TEXT]);
  assert.match(stdout, /^ {2}text +\d+ words and parts, [\d,]+ bytes$/m);
  await pocketsage(["verify", out("a.sage")]);
});

test("items without a vector get that of their text, and are counted", async () => {
  const mixed = await put(
    "mixed.jsonl",
    lines(withoutVectors[2], ...rows.filter((_, index) => index !== 2)),
  );
  const report = await json(["build", mixed, "-o", out("mixed.sage"), ...TEXT]);
  assert.equal(report.text.embedded, 1);
  assert.equal(report.items, rows.length);
  const catalogue = await open("mixed.sage");
  const near = catalogue.search(catalogue.vector("tea-2"), { count: 8 });
  assert.ok(near.every(({ item }) => item.startsWith("tea")));
});

test("--embed text makes all vectors from texts", async () => {
  const command = ["build", texts, "-o", out("texts.sage"), ...TEXT, "--embed", "text"];
  const report = await json(command);
  assert.equal(report.text.embedded, rows.length);
  const hits = openText(await open("texts.sage")).search("cup to brew", { count: 5 });
  assert.ok(hits.every(({ item }) => item.startsWith("tea")));
});

test("each build with --embed text names its own space, and no history mixes two", async () => {
  const build = async (name, input, ...options) =>
    json(["build", input, "-o", out(name), ...TEXT, "--embed", "text", ...options]);
  const half = await put("half.jsonl", lines(...withoutVectors.slice(5)));
  const { space } = await build("all.sage", texts);
  assert.match(space, /^texts-[0-9a-f]{8}\/\d+\/unit$/);
  assert.equal((await build("again.sage", texts)).space, space);
  const fewer = await build("half.sage", half);
  assert.notEqual(fewer.space, space);
  assert.match((await build("own.sage", texts, "--space", "own")).space, /^own\//);

  const store = memoryStore();
  const catalogue = await open("all.sage");
  const sage = await openSage({ catalogue, store });
  await sage.record({ item: "tea-9" });
  await sage.close();
  const rebuilt = await open("half.sage");
  const next = await openSage({ catalogue: rebuilt, store });
  assert.equal((await next.recommend({ count: 1 }))[0].because.medoid, "tea-9");
  await next.close();

  const again = await openSage({ catalogue, store });
  const words = openSageText(again, catalogue, openText(catalogue));
  await words.record({ text: "a cup to brew" });
  await again.close();
  await assert.rejects(openSage({ catalogue: rebuilt, store }), ({ code, message }) => {
    assert.equal(code, "dimension");
    for (const part of [space, fewer.space, "pocketsage/migrate"])
      assert.ok(message.includes(part), message);
    return true;
  });
});

test("with --dims and --lists the words stay", async () => {
  await json(["build", items, "-o", out("d.sage"), ...TEXT, "--dims", "2", "--lists", "always"]);
  const catalogue = await open("d.sage");
  assert.equal(openText(catalogue).embed("green leaf").length, 2);
  assert.ok(catalogue.lists.count > 0);
});

test("what cannot be learned or does not fit is refused with a remedy", async () => {
  const refused = async (code, pattern, ...command) => {
    const result = await pocketsage(["build", ...command, "-o", out("no.sage")]);
    assert.equal(result.code, code, result.stderr);
    assert.match(result.stderr, pattern);
  };
  await refused(1, /no item has both a vector and words/, texts, ...TEXT);
  await refused(1, /no item has both a vector and words/, items, "--text", "missing");
  const all = [texts, "--text", "missing", "--embed", "text"];
  await refused(1, /no item has words in these fields\. Name other fields: title/, ...all);
  await refused(1, /"vector" is missing.*texts without vectors: --text FIELDS --embed text/, texts);
  await refused(2, /the items have vectors/, items, ...TEXT, "--embed", "text");
  await refused(2, /expected --text FIELDS/, texts, "--embed", "text");
  await refused(2, /--embed: expected text or a model/, texts, ...TEXT, "--embed", "");
  const install = /npm install @huggingface.transformers/;
  await refused(1, install, texts, ...TEXT, "--embed", "no/model");
  await refused(2, /expected --metric cosine/, items, ...TEXT, "--metric", "l2");
  await refused(2, /FIELD,FIELD/, items, "--text", "title,");
  const mute = await put("mute.jsonl", lines(...rows, { id: "mute", title: "…" }));
  await refused(1, /:21: the item has no vector, and its text no known words/, mute, ...TEXT);
});
