// `npm run bench:text`: how near vectors of texts come to those of the model, on items that were
// not learned from. Of each set a fifth of the items is held out, by a fixed sample.
// "Share of the ideal" is the mean cosine of the hits to the vector that the model gives the query,
// divided by that of the nearest items; "above chance" is the same after the mean cosine to all
// items is subtracted from both, because the cosines of some models are all near 1.
//   --sets NAMES        of descriptions, emoji, de, ja, emoji-de and emoji-ja (vectors of English
//                       texts), emoji-de-own (of the German ones), words, taste (default: all but
//                       words)
//   --items N           an even sample of the items of each set (default: all)
//   --count N           neighbours compared (default: 10)
import { readFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { printTable, printTitle, Remedy, runScript } from "../../scripts/lib/output.mjs";
import { root } from "../../scripts/lib/versions.mjs";
import { isHeldOut, readDescriptions, readEmoji } from "./descriptions.mjs";
import { embedRows, readPackages } from "./packages.mjs";
import { measureTaste } from "./taste.mjs";

const MIN_MICROSECONDS_RUNS = 2000;
const FIELDS = ["name", "text"];
const NAME_SAMPLE = 300;
const MIN_NAME_LENGTH = 6;

const { Catalogue } = await import("pocketsage");
const { openText } = await import("pocketsage/text");
const { openLexicon } = await import("../../pkg/text/lexicon.js");
const { learnTexts, withTower } = await import("../../pkg/cli/build/text.js");

const openEmoji = async () => Catalogue.fromBytes(await readFile(join(root, "pkg", "emoji.sage")));

/** Per set its rows `{ id, name, text, vector }` and queries `{ text, vector }`. */
const SETS = {
  descriptions: readDescriptions,
  emoji: async () => ({ rows: catalogueRows(await openEmoji(), "label", "tags") }),
  de: () => readPackages("de", isHeldOut),
  ja: () => readPackages("ja", isHeldOut),
  "emoji-de": async () => ({ rows: await readEmoji("de", await openEmoji()) }),
  "emoji-ja": async () => ({ rows: await readEmoji("ja", await openEmoji()) }),
  "emoji-de-own": async () => ({
    rows: await embedRows("emoji-de", await readEmoji("de", await openEmoji())),
  }),
  words: async () => {
    const file = join(root, "data", "words", "words.sage");
    return { rows: catalogueRows(await Catalogue.fromBytes(await readFile(file)), "about") };
  },
};

const ALL = [...Object.keys(SETS).filter((name) => name !== "words"), "taste"].join();

await runScript(async () => {
  const { values } = parseArgs({
    options: {
      sets: { type: "string", default: ALL },
      items: { type: "string", default: "Infinity" },
      count: { type: "string", default: "10" },
    },
  });
  const names = values.sets.split(",");
  const setNames = [...Object.keys(SETS), "taste"];
  const unknown = names.find((name) => !setNames.includes(name));
  if (unknown !== undefined)
    throw new Remedy(`--sets: expected some of ${setNames.join()}, saw "${unknown}"`);
  const count = Number(values.count);
  for (const name of names) {
    if (name in SETS) await measure(name, await SETS[name](), Number(values.items), count);
    else await measureTaste(await emojiWithTexts(), count);
  }
});

/** The emoji catalogue with a tower of all its items. */
async function emojiWithTexts() {
  const emoji = await openEmoji();
  const items = [...emoji.ids()].map((id) => [id, emoji.vector(id), emoji.payload(id)]);
  const { tower } = learnTexts(items, ["label", "tags"], false, String, () => {});
  return withTower(await Catalogue.from(items, { dim: emoji.dim }), tower);
}

async function measure(name, { rows, queries }, items, count) {
  const step = Math.max(1, rows.length / items);
  const learnedRows = rows.filter((_, row) => !isHeldOut(row) && row % step < 1);
  const unseen = rows.filter((row, index) => isHeldOut(index) && row.text !== "");
  const begun = performance.now();
  const tower = await build(learnedRows, false);
  const seconds = (performance.now() - begun) / 1000;
  const none = await build(learnedRows, true);
  const text = openText(tower.catalogue);
  const textAlone = openText(none.catalogue);
  const byVector = (opened, catalogue) => (query) => {
    const vector = opened.embed(query);
    return vector ? catalogue.search(vector, { count, exact: true }) : [];
  };
  const searches = [
    ["vectors", byVector(text, tower.catalogue)],
    ["vectors and names", (query) => text.search(query, { count, exact: true })],
    ["words: tf-idf", lexicalSearch(learnedRows, count)],
    ["no model: --embed text", byVector(textAlone, none.catalogue)],
  ];
  const samples = { "unseen texts": unseen, ...(queries && { "two-word queries": queries }) };
  printTitle(
    `${name}: ${learnedRows.length} items learned, ${tower.report.features} features, ` +
      `${tower.report.bytes} bytes, built in ${seconds.toFixed(1)} s`,
  );
  const mean = meanOf(learnedRows);
  for (const [sample, texts] of Object.entries(samples)) {
    const cells = searches.map(([title, search]) => {
      const values = shares(tower.catalogue, texts, search, count, mean);
      return [title, ...values.map((value) => value.toFixed(3))];
    });
    const heads = ["share of the ideal", "above chance", `overlap@${count}`];
    printTable([[`${texts.length} ${sample}`, ...heads], ...cells]);
    const load = loadavg()[0].toFixed(1);
    const time = microseconds(text, texts).toFixed(1);
    console.log(`  ${time} microseconds of processor a text, at a load of ${load}\n`);
  }
  printNames(learnedRows, [...searches.slice(0, 3), ["names", nameSearch(tower.catalogue)]], count);
}

/** Hits by names alone: the exact one, then those with all words, the last one unfinished. */
function nameSearch(catalogue) {
  const lexicon = openLexicon(catalogue, FIELDS[0]);
  return (query) => {
    const { exact, all } = lexicon.match(query);
    return [...new Set([...exact, ...all])].map((item) => ({ item }));
  };
}

/** How often the item of a name, or of its beginning, is among the hits of a search. */
function printNames(learned, searches, count) {
  const nameOf = new Map(learned.map(({ id, name }) => [id, name]));
  const named = learned.filter(({ name }) => name.length >= MIN_NAME_LENGTH);
  const step = Math.max(1, named.length / NAME_SAMPLE);
  const sample = Array.from(
    { length: Math.min(NAME_SAMPLE, named.length) },
    (_, index) => named[Math.floor(index * step)].name,
  );
  const found = (search, queryOf, among) =>
    sum(
      sample.map((name) =>
        Number(
          search(queryOf(name))
            .slice(0, among)
            .some(({ item }) => nameOf.get(item) === name),
        ),
      ),
    ) / sample.length;
  printTable([
    [`${sample.length} names`, "whole: first", `two thirds: in ${count}`],
    ...searches.map(([title, search]) => [
      title,
      found(search, (name) => name, 1).toFixed(3),
      found(search, (name) => name.slice(0, Math.ceil((name.length * 2) / 3)), count).toFixed(3),
    ]),
  ]);
}

/** The rows of a catalogue whose texts are the fields. */
function catalogueRows(catalogue, ...fields) {
  return [...catalogue.ids()].map((id) => {
    const values = fields.flatMap((field) => catalogue.payload(id)[field] ?? []);
    return { id, name: values[0] ?? "", text: values.join(" "), vector: catalogue.vector(id) };
  });
}

async function build(rows, withoutModel) {
  const given = rows.map(({ id, name, text, vector }) => [
    id,
    withoutModel ? new Float32Array() : vector,
    { name, text: text.startsWith(name) ? text.slice(name.length) : text },
  ]);
  const { items, tower, report } = learnTexts(given, FIELDS, withoutModel, String, () => {});
  const catalogue = await Catalogue.from(items, { dim: items[0][1].length });
  return { catalogue: withTower(catalogue, tower), report };
}

/** The means of the share of the ideal cosine, the share above chance, and the overlap of hits. */
function shares(catalogue, queries, search, count, mean) {
  let [share, aboveChance, overlap] = [0, 0, 0];
  for (const query of queries) {
    const best = catalogue.search(query.vector, { count, exact: true });
    const hits = search(query.text);
    const cosine = ({ item }) => dot(query.vector, catalogue.vector(item));
    const [ideal, reached] = [sum(best.map(cosine)), sum(hits.map(cosine))];
    share += reached / ideal;
    // A hit that is missing counts as much as a random item.
    const chance = dot(query.vector, mean);
    aboveChance += (reached - hits.length * chance) / (ideal - best.length * chance);
    const items = new Set(best.map(({ item }) => item));
    overlap += hits.filter(({ item }) => items.has(item)).length / count;
  }
  return [share, aboveChance, overlap].map((total) => total / queries.length);
}

/** The mean of the vectors, each at unit length. */
function meanOf(rows) {
  const mean = new Float64Array(rows[0].vector.length);
  for (const { vector } of rows) {
    const norm = Math.sqrt(dot(vector, vector));
    for (let k = 0; k < mean.length; k += 1) mean[k] += vector[k] / norm / rows.length;
  }
  return mean;
}

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
  return Math.min(...batches); // the one that other programs disturbed least
}

/** Cosines of tf-idf vectors of whole words. */
function lexicalSearch(items, count) {
  const words = (text) => [...new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [])];
  const postings = new Map();
  const documents = items.map(({ id, text }) => ({ item: id, words: words(text) }));
  documents.forEach(({ words: ownWords }, index) => {
    for (const word of ownWords) {
      const rows = postings.get(word);
      if (rows) rows.push(index);
      else postings.set(word, [index]);
    }
  });
  const idf = (word) => Math.log1p(items.length / (postings.get(word)?.length ?? Infinity));
  const norms = documents.map(({ words: ownWords }) =>
    Math.sqrt(sum(ownWords.map((word) => idf(word) ** 2))),
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
