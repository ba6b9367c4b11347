// CSV gives the same catalogue and the same recommendations as JSON lines; errors have the line.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Catalogue } from "pocketsage";
import {
  assertBuildRefuses,
  emoji,
  fixture,
  folder,
  json,
  lines,
  pocketsage,
  things,
} from "./run.mjs";

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

test("CSV and JSON lines of equal items give equal bytes", async () => {
  const unusual = [
    ...things,
    { id: 'quo"te', vector: [1, 2, 3], label: "two\nlines, a comma; 你好 🍕" },
  ];
  await json(["build", await put("items.jsonl", lines(...unusual)), "-o", out("jsonl.sage")]);
  const expected = await readFile(out("jsonl.sage"));
  const variants = {
    "plain.csv": asCsv(unusual),
    "semicolons.csv": asCsv(unusual, ";"),
    "tabs.tsv": asCsv(unusual, "\t"),
    "byte-order-mark.csv": `\uFEFF${asCsv(unusual)}`,
    "no-extension": `\n${asCsv(unusual)}\n\n`,
  };
  for (const [name, content] of Object.entries(variants)) {
    await json(["build", await put(name, content), "-o", out("csv.sage")]);
    assert.deepEqual(await readFile(out("csv.sage")), expected, name);
  }
});

test("Windows line ends in CSV and JSON lines", async () => {
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

test("rows, quotes and characters may span the chunks in which a file is read", async () => {
  // Chunks have 64 KB: varying row lengths put chunk ends into quotes, rows and characters.
  const many = Array.from({ length: 3000 }, (_, row) => ({
    id: `item-${row}`,
    vector: [row, 1, 2],
    label: `${"é".repeat(row % 97)} "${row}"\n${"🍕".repeat(row % 13)}`,
  }));
  await json([
    "build",
    await put("many.jsonl", lines(...many)),
    "-o",
    out("many-jsonl.sage"),
    "--quiet",
  ]);
  await json(["build", await put("many.csv", asCsv(many)), "-o", out("many-csv.sage"), "--quiet"]);
  assert.deepEqual(await readFile(out("many-csv.sage")), await readFile(out("many-jsonl.sage")));
});

test("CSV and JSON lines of equal actions give equal recommendations", async () => {
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

const invalidInputs = [
  [
    "too few cells",
    "id,vector\na\n",
    /:2: expected 2 cells, one a column of the header \(id, vector\), saw 1\./,
  ],
  [
    "too many cells",
    'id,vector\n"b\nb",[1]\nc,1,2\n',
    /:4: expected 2 cells, one a column of the header \(id, vector\), saw 3\./,
  ],
  ["a repeated column", "id,id\n", /:1: the header has two columns "id"/],
  ["a column without a name", "id,,vector\n", /:1: a column of the header has no name/],
  ["an unclosed quote", 'id,vector\na,[1]\nb,"[1]\nc,[1]\n', /:3: .*[Qq]uote/],
  ["text after a quote", 'id,vector\n"a"b,[1]\nc,[1]\n', /:2: .*[Qq]uote/],
  [
    "a vector cell with a missing value",
    "id;vector\na;1,,2\n",
    /:2: vector: component 1 of the vector is not a number, saw "1,,2"/,
  ],
  [
    "a vector cell of text",
    "id,vector\na,zwei\n",
    /:2: vector: component 0 of the vector is not a number, saw "zwei"/,
  ],
  ["an empty vector cell", "id,vector\na,\n", /:2: the field "vector" is missing\. Fields: id\./],
  ["a header without rows", "id,vector\n", /: no items/],
];
for (const [name, content, message] of invalidInputs) {
  test(`${name}: exit code 1 and the line`, async () => {
    const items = await put("wrong.csv", content);
    await assertBuildRefuses(items, out("wrong.sage"), message);
  });
}

test("a row that does not end is rejected before all of it is in memory", async () => {
  const items = await put("endless.csv", `id,vector\na,"${"1 ".repeat(2_500_000)}`);
  const { code, stderr } = await pocketsage(["build", items, "-o", out("wrong.sage")]);
  assert.equal(code, 1);
  assert.match(
    stderr,
    /endless\.csv:2: the row is longer than 4000000 characters\. Is a closing quote missing\?/,
  );
});
