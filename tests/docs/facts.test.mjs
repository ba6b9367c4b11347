// Numbers in the documents equal the constants and the generated tables that they come from.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Catalogue } from "pocketsage";

const root = new URL("../../", import.meta.url);
const read = (name) => readFile(new URL(name, root), "utf8");
const readme = await read("README.md");
const figures = await read("docs/figures.md");

test("docs/figures.md has the markers that `npm run bench -- --figures` writes between", async () => {
  const figures = await readFile(new URL("docs/figures.md", root), "utf8");
  assert.match(figures, /^<!-- ward:begin -->\n\| \| n = 100 \|[^]*^<!-- ward:end -->$/m);
  assert.match(
    figures,
    /^<!-- catalogue:begin -->\n\| \| mixture[^]*^- PocketSage, mixture[^]*^<!-- catalogue:end -->$/m,
  );
});

/** The cells of a generated table by row name and column name: `{ value, ratio }`, ratio to row one. */
function tableBetween(name) {
  const [, text] = figures.match(new RegExp(`<!-- ${name}:begin -->\\n([\\s\\S]*?)\\n\\n`));
  const [[, ...columns], , ...rows] = text.split("\n").map((line) => line.split("|").slice(1, -1));
  const cell = (content) => {
    const [, value, ratio] = content.match(/([\d.,]+) \(([\d.]+)x\)/) ?? [];
    return { value: Number(value?.replaceAll(",", "")), ratio: Number(ratio) };
  };
  return (row, column) => {
    const cells = rows.find(([first]) => first.trim() === row);
    const at = columns.findIndex((title) => title.trim() === column);
    assert.ok(cells && at >= 0, `${name} has no row "${row}" or no column "${column}"`);
    return cell(cells[at + 1]);
  };
}

/** Asserts that a document has a sentence with exactly these numbers. */
function states(document, pattern, ...expected) {
  const found = document.replace(/\s+/g, " ").match(pattern);
  assert.ok(found, `no sentence like ${pattern}`);
  assert.deepEqual(found.slice(1), expected.map(String));
}

/** Two significant digits, as the README rounds. */
const short = (value) => String(Number(value.toPrecision(2)));

test("README: the figures are those of docs/figures.md", () => {
  const ward = tableBetween("ward");
  const ours = ward("PocketSage (wasm)", "n = 1,000");
  states(
    readme,
    /Ward tree of 1,000 x 256: ([\d.]+) ms in wasm, ([\d.]+) times faster than fastcluster \(C\+\+, native\), (\d+) times faster than kodama/,
    ours.value,
    short(ward("fastcluster (C++)", "n = 1,000").ratio),
    short(ward("kodama (Rust)", "n = 1,000").ratio),
  );
  const more = ward("PocketSage, one action more, to interests (wasm)", "n = 1,000");
  states(
    readme,
    /One more action in a profile of 1,000 actions: ([\d.]+) ms, ([\d.]+) times faster than a new Ward tree/,
    more.value,
    short(ours.value / more.value),
  );
  const search = tableBetween("catalogue");
  const set = "mixture, 20000 x 256";
  states(
    readme,
    /Top 10 of 20,000 x 256 \(recall 1.000\): ([\d.]+) ms in wasm, ([\d.]+) times faster than hnswlib-wasm, ([\d.]+) times faster than faiss \(8-bit, native\); native hnswlib is ([\d.]+) times faster/,
    search("PocketSage", set).value,
    short(search("hnswlib-wasm", set).ratio),
    short(search("faiss SQ8 flat (native)", set).ratio),
    short(search("PocketSage", set).value / search("hnswlib (native)", set).value),
  );
});

test("README: a profile and one more action, to the millisecond", () => {
  const ward = tableBetween("ward");
  const whole = ward("PocketSage, actions to interests (wasm)", "n = 1,000").value;
  const more = ward("PocketSage, one action more, to interests (wasm)", "n = 1,000").value;
  states(
    readme,
    /A profile of 1,000 actions takes about (\d+) ms, after one more action about (\d+) ms/,
    Math.round(whole),
    Math.round(more),
  );
});

test("the size of the main entry is the one that is measured", async () => {
  const script = fileURLToPath(new URL("scripts/size.mjs", root));
  const { stdout } = await promisify(execFile)(process.execPath, [script, "--json"]);
  const { total, budget } = JSON.parse(stdout.slice(stdout.indexOf("{")));
  const measured = Math.round(total / 1024);
  states(readme, /main entry is (\d+) KB gzipped/, measured);
  states(figures, /is (\d+) KB gzipped of a budget of (\d+) KB/, measured, budget / 1024);
});

test("the emoji catalogue has as many items as the documents say", async () => {
  const bytes = await readFile(new URL("www/public/emoji.sage", root));
  const catalogue = await Catalogue.fromBytes(bytes);
  const size = catalogue.size.toLocaleString("en-US");
  states(readme, /([\d,]+) items, included/, size);
  states(
    await read("docs/edge.md"),
    /emoji catalogue \(([\d,]+) items, (\d+) dim/,
    size,
    catalogue.dim,
  );
});

/** The value of a constant in a source file, without its suffix. */
async function constant(file, name) {
  const found = (await read(file)).match(new RegExp(`\\b${name}\\b[^=;]*= ([^;]+);`));
  assert.ok(found, `${file} has no constant ${name}`);
  return found[1];
}
