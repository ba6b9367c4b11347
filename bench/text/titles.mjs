// `node bench/text/titles.mjs ITEMS ACTIONS`: recommendations by vectors from texts without a model
// (`build --embed text`), beside those of all-MiniLM-L6-v2 of the same texts, and by vectors from
// actions (`build --from-actions`), beside given ones: `pocketsage eval` of each, on the same items
// and users. Relevance is by the cosines of the vectors under test, so only recall compares them.
//   ITEMS     TSV, or CSV without quotes, with the columns item, title and genres
//   ACTIONS   as for `pocketsage eval`; with a column "part", train actions give the vectors
//   --vectors FILE --ids FILE   given vectors of the items (.npy) and their ids, one a line
//   --users N                   users in the sample (default: 500)
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import {
  printTable,
  printTitle,
  Remedy,
  reportStart,
  runScript,
} from "../../scripts/lib/output.mjs";
import { runOrThrow } from "../../scripts/lib/run.mjs";
import { root } from "../../scripts/lib/versions.mjs";
import { embedOnce } from "./embed-once.mjs";

const METHODS = ["sage", "mean", "last:1", "popularity", "random"];
const folder = join(root, ".tools", "bench-titles");
const file = (name) => join(folder, name);
const cli = join(root, "pkg", "cli", "main.js");
const { Catalogue } = await import("pocketsage");

await runScript(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      vectors: { type: "string" },
      ids: { type: "string" },
      users: { type: "string", default: "500" },
    },
  });
  if (positionals.length !== 2) throw new Remedy("expected ITEMS ACTIONS: see the file's head");
  if ((values.vectors === undefined) !== (values.ids === undefined))
    throw new Remedy("expected --vectors and --ids together");
  const [itemsFile, actions] = positionals.map((path) => resolve(path));
  await mkdir(folder, { recursive: true });
  const byActions = await build("actions", [itemsFile, "--id", "item", "--from-actions", actions]);
  const given =
    values.ids && (await build("given", [resolve(values.vectors), "--ids", resolve(values.ids)]));
  const rows = parseTable(await readFile(itemsFile, "utf8"))
    .filter(({ item }) => byActions.has(item) && (!given || given.has(item)))
    .map(({ item, title, genres }) => ({ id: item, title, genres }));

  await writeLines("texts", rows);
  const texts = await build("texts", [
    file("texts.jsonl"),
    "--text",
    "title,genres",
    "--embed",
    "text",
  ]);
  const modelVectors = await embedOnce({
    folder,
    name: "texts-of-model",
    model: "all-MiniLM-L6-v2",
    texts: rows.map(({ title, genres }) => `${title}: ${genres}`),
    count: rows.length,
  });
  const vectors = {
    "texts, no model": rows.map(({ id }) => texts.vector(id)),
    "texts, all-MiniLM-L6-v2": modelVectors,
    actions: rows.map(({ id }) => byActions.vector(id)),
    ...(given && { "actions, given": rows.map(({ id }) => given.vector(id)) }),
  };
  const table = [["vectors from", ...METHODS.flatMap((name) => [`${name}: recall`, "relevance"])]];
  for (const [title, ofRows] of Object.entries(vectors)) {
    reportStart(title, `${values.users} users`);
    await writeLines(
      "vectors",
      ofRows.map((vector, row) => ({ id: rows[row].id, vector: Array.from(vector) })),
    );
    table.push([title, ...(await evaluate(actions, values.users))]);
  }
  printTitle(`${rows.length} items, ${values.users} users, 100 recommendations`);
  printTable(table);
});

/** Builds a catalogue and opens it. */
async function build(name, command) {
  const out = file(`${name}.sage`);
  const options = ["--near-duplicates", "keep", "--no-recall", "--quiet"];
  await runOrThrow(process.execPath, [cli, "build", ...command, "-o", out, ...options]);
  return Catalogue.fromBytes(await readFile(out));
}

/** Recall and relevance of each method, by the vectors of vectors.jsonl. */
async function evaluate(actions, users) {
  const methods = ["--methods", METHODS.slice(1).join(), "--users", users, "--json", "--quiet"];
  const command = ["eval", actions, "--vectors", file("vectors.jsonl"), ...methods];
  const { stdout } = await runOrThrow(process.execPath, [cli, ...command], { minutes: 30 });
  const { rows } = JSON.parse(stdout);
  return METHODS.flatMap((name) => {
    const { recall, relevance } = rows.find((row) => row.name === name).metrics;
    return [recall, relevance].map(({ value }) => value.toFixed(3));
  });
}

/** The rows of CSV without quotes, or of TSV. */
function parseTable(content) {
  const separator = content.slice(0, content.indexOf("\n")).includes("\t") ? "\t" : ",";
  const [names, ...rows] = content
    .trim()
    .split(/\r?\n/)
    .map((line) => line.split(separator));
  return rows.map((cells) => Object.fromEntries(names.map((name, k) => [name, cells[k]])));
}

async function writeLines(name, rows) {
  const lines = rows.map((row) => `${JSON.stringify(row)}\n`);
  await writeFile(file(`${name}.jsonl`), lines.join(""));
}
