// `npm run bench:text`: how near vectors of texts come to those of the model, on items that were
// not learned from. Of each catalogue a fifth of the items is held out, by a fixed sample.
//   --catalogue FILE    another catalogue with texts (default: the emoji catalogue)
//   --text FIELDS       its fields (default: label,tags)
//   --count N           neighbours compared (default: 10)
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { printTable, printTitle, runScript } from "../../scripts/lib/output.mjs";
import { root } from "../../scripts/lib/versions.mjs";

const HELD_OUT = 5; // one of so many
const MIN_MICROSECONDS_RUNS = 2000;
const cli = join(root, "pkg", "cli", "main.js");

await runScript(async () => {
  const { values } = parseArgs({
    options: {
      catalogue: { type: "string", default: join(root, "pkg", "emoji.sage") },
      text: { type: "string", default: "label,tags" },
      count: { type: "string", default: "10" },
    },
  });
  const count = Number(values.count);
  const fields = values.text.split(",");
  const { Catalogue } = await import("pocketsage");
  const whole = await Catalogue.fromBytes(await readFile(values.catalogue));
  const rows = [...whole.ids()].map((id) => ({
    id,
    vector: whole.vector(id),
    payload: whole.payload(id),
  }));
  const textOf = ({ payload }) => fields.flatMap((field) => payload?.[field] ?? []).join(" ");
  const isHeldOut = (index) => (Math.imul(index, 2654435761) >>> 0) % HELD_OUT === 0;
  const learned = rows.filter((_, index) => !isHeldOut(index));
  const unseen = rows.filter((row, index) => isHeldOut(index) && textOf(row) !== "");

  const folder = await mkdtemp(join(tmpdir(), "bench-text-"));
  try {
    const build = async (name, withVectors, ...options) => {
      const items = join(folder, `${name}.jsonl`);
      const lines = learned.map(({ id, vector, payload }) =>
        JSON.stringify({ ...payload, id, ...(withVectors && { vector: [...vector] }) }),
      );
      await writeFile(items, lines.join("\n"));
      const out = join(folder, `${name}.sage`);
      const command = [cli, "build", items, "-o", out, "--text", values.text, ...options];
      const flags = ["--json", "--quiet", "--no-recall", "--near-duplicates", "keep"];
      const { stdout } = await promisify(execFile)(process.execPath, [...command, ...flags]);
      const catalogue = await Catalogue.fromBytes(await readFile(out));
      return { catalogue, report: JSON.parse(stdout) };
    };
    const { openText } = await import("pocketsage/text");
    const tower = await build("tower", true);
    const none = await build("none", false, "--embed", "text");
    const text = openText(tower.catalogue);
    const textAlone = openText(none.catalogue);
    const queries = unseen.map((row) => ({ text: textOf(row), vector: row.vector }));

    const ideal = (vector) => tower.catalogue.search(vector, { count, exact: true });
    const vectorOf = (item) => tower.catalogue.vector(item);
    const shares = (search) => {
      let [share, overlap] = [0, 0];
      for (const query of queries) {
        const best = ideal(query.vector);
        const found = search(query.text);
        const cosine = ({ item }) => dot(query.vector, vectorOf(item));
        share += sum(found.map(cosine)) / sum(best.map(cosine));
        const items = new Set(best.map(({ item }) => item));
        overlap += found.filter(({ item }) => items.has(item)).length / count;
      }
      return [share / queries.length, overlap / queries.length];
    };
    const byVector = (query) => {
      const vector = text.embed(query);
      return vector ? tower.catalogue.search(vector, { count, exact: true }) : [];
    };
    const lexical = lexicalSearch(
      learned.map((row) => ({ ...row, text: textOf(row) })),
      count,
    );
    const noModel = (query) => {
      const vector = textAlone.embed(query);
      return vector ? none.catalogue.search(vector, { count, exact: true }) : [];
    };
    const row = (name, search) => {
      const [share, overlap] = shares(search);
      return [name, share.toFixed(3), overlap.toFixed(3)];
    };
    const cosine = sum(
      queries.map((query) =>
        dot(text.embed(query.text) ?? new Float32Array(query.vector.length), query.vector),
      ),
    );
    printTitle(`${queries.length} unseen texts, ${learned.length} items learned`);
    printTable([
      ["search", "share of the ideal cosine", `overlap@${count}`],
      row("tower", byVector),
      row("tower and names", (query) => text.search(query, { count, exact: true })),
      row("tf-idf of words alone", lexical),
      row("no model: --embed text", noModel),
    ]);
    console.log(
      `\n  cosine to the model's vector of the text: ${(cosine / queries.length).toFixed(3)}`,
    );
    console.log(
      `  section: ${tower.report.text.bytes} bytes; built in ${tower.report.seconds.toFixed(1)} s`,
    );
    console.log(`  ${microseconds(text, queries).toFixed(1)} microseconds of processor a text`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

function microseconds(text, queries) {
  const batches = [];
  for (let batch = 0; batch < 20; batch += 1) {
    const begun = process.cpuUsage();
    let runs = 0;
    while (runs < MIN_MICROSECONDS_RUNS / 20)
      for (const query of queries.slice(0, 50)) {
        text.embed(query.text);
        runs += 1;
      }
    const { user, system } = process.cpuUsage(begun); // not the time of other processes
    batches.push((user + system) / runs);
  }
  return batches.sort((a, b) => a - b)[10];
}

/** Cosines of tf-idf vectors of whole words. */
function lexicalSearch(items, count) {
  const words = (text) => [...new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [])];
  const postings = new Map();
  const documents = items.map(({ id, text }) => ({ item: id, words: words(text) }));
  documents.forEach(({ words: own }, index) => {
    for (const word of own) postings.set(word, [...(postings.get(word) ?? []), index]);
  });
  const idf = (word) => Math.log1p(items.length / (postings.get(word)?.length ?? Infinity));
  const norms = documents.map(({ words: own }) =>
    Math.sqrt(sum(own.map((word) => idf(word) ** 2))),
  );
  return (query) => {
    const scores = new Map();
    for (const word of words(query))
      for (const index of postings.get(word) ?? [])
        scores.set(index, (scores.get(index) ?? 0) + idf(word) ** 2 / norms[index]);
    return [...scores]
      .sort((a, b) => b[1] - a[1] || a[0] - b[0])
      .slice(0, count)
      .map(([index]) => ({ item: documents[index].item }));
  };
}

function dot(a, b) {
  let product = 0;
  for (let k = 0; k < a.length; k += 1) product += a[k] * b[k];
  return product;
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}
