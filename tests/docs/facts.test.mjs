// Numbers in the documents equal the constants and the generated tables that they come from.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Catalogue, LIMITS } from "pocketsage";
import { MESSAGE_LIMITS } from "../../pkg/values/limits.js";

const root = new URL("../../", import.meta.url);
const read = (name) => readFile(new URL(name, root), "utf8");
const readme = await read("README.md");
const figures = await read("docs/figures.md");

test("docs/figures.md has the markers that the benches write between", () => {
  assert.match(figures, /^<!-- ward:begin -->\n\| \| n = 100 \|[\s\S]*^<!-- ward:end -->$/m);
  assert.match(
    figures,
    /^<!-- catalogue:begin -->\n\| \| mixture[\s\S]*^- PocketSage[\s\S]*^<!-- catalogue:end -->$/m,
  );
});

/** Looks up a cell of a generated table: `{ value, ratio }`, the ratio to the first row. */
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

/** Asserts that a document contains this sentence, with these numbers in place of each `#`. */
function states(document, sentence, ...numbers) {
  const escaped = sentence.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll("#", "([\\d.,]+)");
  const found = document.replace(/\s+/g, " ").match(new RegExp(escaped));
  assert.ok(found, `no sentence like "${sentence}"`);
  assert.deepEqual(found.slice(1), numbers.map(String), sentence);
}

/** Two significant digits, as the README rounds. */
const short = (value) => String(Number(value.toPrecision(2)));

test("README: the figures are those of docs/figures.md", () => {
  const ward = tableBetween("ward");
  const ours = ward("PocketSage (wasm)", "n = 1,000");
  states(
    readme,
    "Ward tree of 1,000 x 256: # ms in wasm, # times faster than fastcluster (C++, native), " +
      "# times faster than kodama",
    ours.value,
    short(ward("fastcluster (C++)", "n = 1,000").ratio),
    short(ward("kodama (Rust)", "n = 1,000").ratio),
  );
  const more = ward("PocketSage, one action more, to interests (wasm)", "n = 1,000");
  states(
    readme,
    "One more action in a profile of 1,000 actions: # ms, # times faster than a new Ward tree",
    more.value,
    short(ours.value / more.value),
  );
  const search = tableBetween("catalogue");
  const set = "mixture, 20000 x 256";
  states(
    readme,
    "Top 10 of 20,000 x 256 (recall 1.000): # ms in wasm, # times faster than hnswlib-wasm, " +
      "# times faster than native hnswlib, # times faster than faiss (8-bit, native)",
    search("PocketSage", set).value,
    short(search("hnswlib-wasm", set).ratio),
    short(search("hnswlib (native)", set).ratio),
    short(search("faiss SQ8 flat (native)", set).ratio),
  );
});

test("README: a profile and one more action, to one digit", () => {
  const ward = tableBetween("ward");
  const whole = ward("PocketSage, actions to interests (wasm)", "n = 1,000").value;
  const more = ward("PocketSage, one action more, to interests (wasm)", "n = 1,000").value;
  states(
    readme,
    "A profile of 1,000 actions takes about # ms, after one more action about # ms",
    Number(whole.toPrecision(1)),
    Number(more.toPrecision(1)),
  );
});

test("the size of the main entry is the one that is measured", async () => {
  const script = fileURLToPath(new URL("scripts/size.mjs", root));
  const { stdout } = await promisify(execFile)(process.execPath, [script, "--json"]);
  const { total, budget, parts, frameworkBudget } = JSON.parse(stdout.slice(stdout.indexOf("{")));
  const measured = Math.round(total / 1024);
  states(readme, "main entry is # KB gzipped", measured);
  states(figures, "is # KB gzipped of a budget of # KB", measured, budget / 1024);
  const entries = parts.filter(({ name }) => name.startsWith("pocketsage/"));
  assert.equal(entries.length, 3);
  for (const { name, gzip } of entries) assert.ok(gzip <= frameworkBudget, `${name}: ${gzip}`);
});

test("docs/toolchains.md has the sizes of docs/figures.md", async () => {
  const kilobytesOf = (part) => {
    const [, gzip, brotli] = figures.match(
      new RegExp(`^\\| ${part} \\| \\d+ \\| (\\d+) \\| (\\d+) `, "m"),
    );
    return [gzip, brotli].map((bytes) => Math.round(bytes / 1024));
  };
  const toolchains = await read("docs/toolchains.md");
  states(toolchains, "the tool emits, # KB gzipped (brotli: # KB)", ...kilobytesOf("wasm"));
  const [inline] = kilobytesOf("pocketsage/inline, in addition");
  states(toolchains, "inside the JavaScript, # KB gzipped", inline);
});

test("constants that TypeScript repeats equal those of the core", async () => {
  const constantIn = async (path, name) => {
    const [, value] = (await read(path)).match(new RegExp(`const ${name}\\b[^=]*= ([\\d._]+);`));
    return Number(value.replaceAll("_", ""));
  };
  assert.equal(
    await constantIn("ts/sage/mix.ts", "COSINE_FACTOR"),
    await constantIn("src/recommend/mixture.rs", "SHARPNESS"),
  );
  const ROWS_PER_HIT = "MIN_ROWS_PER_SKETCHED_HIT";
  assert.equal(
    await constantIn("ts/sage/retrieve-local.ts", ROWS_PER_HIT),
    await constantIn("src/catalogue/index.rs", ROWS_PER_HIT),
  );
});

test("the emoji catalogue has as many items as the documents say", async () => {
  const bytes = await readFile(new URL("www/public/emoji.sage", root));
  const catalogue = await Catalogue.fromBytes(bytes);
  const size = catalogue.size.toLocaleString("en-US");
  states(readme, "// # items, included", size);
  states(
    await read("docs/edge.md"),
    "emoji catalogue (# items, # dimensions)",
    size,
    catalogue.dim,
  );
});

/** The value of a Rust constant: `const NAME: usize = 8192;` gives 8192. */
async function rustConstant(file, name) {
  const found = (await read(file)).match(new RegExp(`const ${name}: \\w+ = ([\\d_.]+);`));
  assert.ok(found, `${file} has no constant ${name}`);
  return Number(found[1].replaceAll("_", ""));
}

test("the limits of exact search are those of the core", async () => {
  const [usage, options, architecture] = await Promise.all(
    ["docs/usage.md", "docs/options.md", "ARCHITECTURE.md"].map(read),
  );
  const rows = await rustConstant("src/catalogue/index.rs", "MIN_ROWS_FOR_SKETCHES");
  const [least, most] = [rows, rows - 1].map((count) => count.toLocaleString("en-US"));
  states(usage, "Up to # items the result is exact. From # items on", most, least);
  states(architecture, "From # items on, prepared searches use sketches", least);
  states(options, "and from # items on, from the second search on", least);
  const rowsPerHit = await rustConstant("src/catalogue/index.rs", "MIN_ROWS_PER_SKETCHED_HIT");
  const retrieval = await read("ts/sage/retrieve-local.ts");
  assert.match(retrieval, new RegExp(`^const MIN_ROWS_PER_SKETCHED_HIT = ${rowsPerHit};$`, "m"));
  const deviations = await rustConstant("src/catalogue/scan.rs", "PREFILTER_DEVIATIONS");
  assert.match(
    options,
    new RegExp(`${["", "", "two", "three", "four", "five", "six"][deviations]} standard dev`),
  );
});

test("the ranges in the documents are those that the package checks", async () => {
  const options = await read("docs/options.md");
  const { minWeight, maxWeight, maxDim, maxIdBytes, maxComponent, defaultMemory } = LIMITS;
  const english = (number) => number.toLocaleString("en-US");
  // 0.000001 is written 1e-6, 1000000 is 1e6.
  const scientific = (number) => number.toExponential().replace("+", "");
  const weights = `${scientific(minWeight)} to ${scientific(maxWeight)}`;
  const rows = Object.fromEntries(
    options.split("\n").map((line) => [line.split("|")[1]?.trim(), line.split("|")[3]?.trim()]),
  );
  assert.equal(rows["`kinds`"], weights);
  assert.equal(rows["`weight`"], weights);
  assert.match(options, new RegExp(`one a row, ${weights}; default 1 each`));
  for (const line of options.split("\n").filter((text) => text.startsWith("| `dim` ")))
    assert.match(line, new RegExp(`\\| whole, 1 to ${english(maxDim)} +\\|`));
  const spaceRows = options.split("\n").filter((text) => text.startsWith("| `space` "));
  assert.equal(spaceRows.length, 2);
  for (const line of spaceRows)
    assert.match(line, new RegExp(`\\| 1 to ${LIMITS.maxSpaceCharacters} characters +\\|`));
  states(options, "a whole number of at most #", english(LIMITS.maxCount));
  states(options, "An id is well-formed Unicode of 1 to # bytes in UTF-8", english(maxIdBytes));
  const largest = scientific(maxComponent);
  assert.match(options, new RegExp(`items and queries are from -${largest} to ${largest}`));
  states(options, "# MiB, or what `maxActions` need", defaultMemory / 2 ** 20);
  states(options, "by default # MiB", (4 * defaultMemory) / 2 ** 20);
  states(
    options,
    "a message has at most # medoids, ids of at most # bytes, and requests at most # hits for each",
    ...[MESSAGE_LIMITS.maxMedoids, MESSAGE_LIMITS.maxIdBytes, english(MESSAGE_LIMITS.maxHits)],
  );
  states(
    await read("docs/format.md"),
    "UTF-8, concatenated, 1 to # bytes each",
    english(maxIdBytes),
  );
});

test("the program of docs/start/rust.md is examples/recommend.rs, which tests run", async () => {
  const [documented] = (await read("docs/start/rust.md")).match(/(?<=```rust\n).*?(?=```)/s);
  const example = (await read("examples/recommend.rs")).replace(/^\/\/!.*\n(\/\/!.*\n)*\n/, "");
  assert.equal(documented, example.replaceAll("pub(crate) fn", "fn"));
});

test("the program of the crate's README is that of src/lib.rs, which rustdoc runs", async () => {
  const [readme] = (await read("CRATE.md")).match(/(?<=```rust\n).*?(?=```)/s);
  const [documented] = (await read("src/lib.rs")).match(/(?<=\/\/! ```\n).*?(?=\/\/! ```)/s);
  assert.equal(readme, documented.replaceAll(/^\/\/! # .*\n/gm, "").replaceAll(/^\/\/! ?/gm, ""));
});
