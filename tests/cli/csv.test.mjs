// CSV is JSON lines with another face: the same catalogue, the same profile; and what is wrong names its line.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Catalogue } from "pocketsage";
import { emoji, fixture, folder, json, lines, pocketsage, things } from "./run.mjs";

const { path, put } = await folder();
const out = (name) => join(path, name);
const cell = (text) => (/[",;\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
const asCsv = (items, separator = ",") =>
  [
    ["id", "vector", "label"],
    ...items.map(({ id, vector, label }) => [id, JSON.stringify(vector), label]),
  ]
    .map((row) => `${row.map(cell).join(separator)}\n`)
    .join("");

test("the same items as CSV and as JSON lines give the same bytes", async () => {
  const strange = [
    ...things,
    { id: 'quo"te', vector: [1, 2, 3], label: "two\nlines, a comma; 你好 🍕" },
  ];
  await json(["build", await put("items.jsonl", lines(...strange)), "-o", out("jsonl.sage")]);
  const expected = await readFile(out("jsonl.sage"));
  const faces = {
    "plain.csv": asCsv(strange),
    "semicolons.csv": asCsv(strange, ";"),
    "tabs.tsv": asCsv(strange, "\t"),
    "mark.csv": `\uFEFF${asCsv(strange)}`,
    "no-extension": `\n${asCsv(strange)}\n\n`,
  };
  for (const [name, content] of Object.entries(faces)) {
    await json(["build", await put(name, content), "-o", out("csv.sage")]);
    assert.deepEqual(await readFile(out("csv.sage")), expected, name);
  }
});

test("Windows line ends, in CSV and in JSON lines", async () => {
  const windows = (text) => text.replaceAll("\n", "\r\n");
  for (const [name, content] of [
    ["w.csv", asCsv(things)],
    ["w.jsonl", lines(...things)],
  ]) {
    await json(["build", await put(name, windows(content)), "-o", out("w.sage")]);
    const catalogue = await Catalogue.fromBytes(new Uint8Array(await readFile(out("w.sage"))));
    assert.deepEqual(catalogue.payload("cat-3"), { label: "cat number 3" }, name);
  }
});

test("rows, quotes and characters may lie across the pieces in which a file is read", async () => {
  // A file is read in pieces of 64 KB: odd row lengths put every kind of boundary somewhere.
  const many = Array.from({ length: 3000 }, (_, row) => ({
    id: `item-${row}`,
    vector: [row, 1, 2],
    label: `${"é".repeat(row % 97)} "${row}"\n${"🍕".repeat(row % 13)}`,
  }));
  await json(["build", await put("many.jsonl", lines(...many)), "-o", out("many-jsonl.sage")]);
  await json(["build", await put("many.csv", asCsv(many)), "-o", out("many-csv.sage")]);
  assert.deepEqual(await readFile(out("many-csv.sage")), await readFile(out("many-jsonl.sage")));
});

test("actions as CSV and as JSON lines give the same recommendations", async () => {
  const args = (extension) => [
    "recommend",
    "-c",
    emoji,
    "-a",
    fixture(extension),
    "--now",
    "2026-01-31",
    "--kind",
    "save=3",
  ];
  assert.deepEqual(await json(args("csv")), await json(args("jsonl")));
});

const wrong = [
  [
    "too few cells",
    "id,vector\na\n",
    /:2: expected 2 cells, as in the header \(id, vector\), saw 1/,
  ],
  [
    "too many cells",
    'id,vector\n"b\nb",[1]\nc,1,2\n',
    /:4: expected 2 cells, as in the header \(id, vector\), saw 3/,
  ],
  ["a column twice", "id,id\n", /:1: the header has the column "id" twice/],
  ["a column without a name", "id,,vector\n", /:1: a column of the header has no name/],
  ["a quote that never ends", 'id,vector\na,[1]\nb,"[1]\nc,[1]\n', /:3: .*[Qq]uote/],
  ["text after a quote", 'id,vector\n"a"b,[1]\nc,[1]\n', /:2: .*[Qq]uote/],
  [
    "a vector cell with a hole",
    "id;vector\na;1,,2\n",
    /:2: vector: number 1 of the vector is not a number, saw "1,,2"/,
  ],
  [
    "a vector cell of words",
    "id,vector\na,zwei\n",
    /:2: vector: number 0 of the vector is not a number, saw "zwei"/,
  ],
  ["an empty vector cell", "id,vector\na,\n", /:2: there is no field "vector"\. The line has: id/],
  ["a header alone", "id,vector\n", /: there are no items/],
];
for (const [what, content, message] of wrong) {
  test(`${what}: exit code 1 and the line`, async () => {
    const items = await put("wrong.csv", content);
    const { code, stdout, stderr } = await pocketsage([
      "build",
      items,
      "-o",
      out("wrong.sage"),
      "--json",
    ]);
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.match(stderr, message);
    assert.ok(stderr.startsWith(`pocketsage: ${items}:`), stderr);
  });
}

test("a row that never ends is told before all of it is in memory", async () => {
  const items = await put("endless.csv", `id,vector\na,"${"1 ".repeat(2_500_000)}`);
  const { code, stderr } = await pocketsage(["build", items, "-o", out("wrong.sage")]);
  assert.equal(code, 1);
  assert.match(stderr, /endless\.csv:2: this row does not end\. Is a closing quote missing\?/);
});
