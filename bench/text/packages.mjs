// Descriptions of Debian's packages in another language, with the vectors that a multilingual model
// gives these texts: made on first use in .tools/bench-packages and never committed. apt-get
// downloads the index of translations, as an update of a machine of that language does.
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runOrThrow } from "../../scripts/lib/run.mjs";
import { root } from "../../scripts/lib/versions.mjs";
import { embedOnce } from "./embed-once.mjs";

const DESCRIPTIONS = 5000;
const QUERIES = 600;
/** Packages of one source have summaries that differ in their last words only. */
const DISTINCT_CHARACTERS = 24;
const UNSPACED = /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}/u;

const folder = join(root, ".tools", "bench-packages");

/**
 * Rows `{ id, name, text, vector }`, and queries `{ text, vector }` of two neighbouring words of
 * rows that are held out, by `isHeldOut(row)`.
 */
export async function readPackages(language, isHeldOut) {
  const rows = chooseRows(await readTranslations(language), language);
  const queries = twoWordQueries(rows.filter((_, row) => isHeldOut(row)).map(({ text }) => text));
  const vectors = await embed(language, { passages: rows.map(({ text }) => text), queries });
  return {
    rows: rows.map((row, index) => ({ ...row, vector: vectors[index] })),
    queries: queries.map((text, index) => ({ text, vector: vectors[rows.length + index] })),
  };
}

/** The stanzas of Debian's index of translations. */
async function readTranslations(language) {
  const file = join(folder, `${language}.txt`);
  if (!existsSync(file)) {
    const lists = join(folder, "lists");
    await mkdir(join(lists, "partial"), { recursive: true });
    await mkdir(join(folder, "cache", "archives", "partial"), { recursive: true });
    const options = [
      "-o",
      `Acquire::Languages=${language}`,
      "-o",
      "Acquire::GzipIndexes=false",
      "-o",
      `Dir::State::Lists=${lists}`,
      "-o",
      `Dir::Cache=${join(folder, "cache")}`,
    ];
    await runOrThrow("apt-get", ["update", "-qq", ...options], { minutes: 5 });
    const names = (await readdir(lists)).filter((name) => name.endsWith(`Translation-${language}`));
    const contents = await Promise.all(names.map((name) => readFile(join(lists, name), "utf8")));
    await writeFile(file, contents.join("\n"));
    await rm(lists, { recursive: true });
  }
  return (await readFile(file, "utf8")).split("\n\n");
}

/** Summary and first sentence of an even sample of packages whose texts begin differently. */
function chooseRows(stanzas, language) {
  const seen = new Set();
  const rows = stanzas.flatMap((stanza) => {
    const [, id] = /^Package: (.*)$/m.exec(stanza) ?? [];
    const [, name, rest] =
      new RegExp(`^Description-${language}: (.*)((?:\\n .*)*)`, "m").exec(stanza) ?? [];
    if (!name) return [];
    const lines = rest.split("\n ").slice(1);
    const end = lines.findIndex((line) => line === "." || /^\s*[-*]/.test(line));
    const joint = UNSPACED.test(name) ? "" : " ";
    const [first] = lines
      .slice(0, end < 0 ? undefined : end)
      .join(joint)
      .split(/(?<=[.!?] |。)/);
    const isTranslated = language !== "ja" || UNSPACED.test(name);
    const keys = [name, first.trim()].map((text) => text.slice(0, DISTINCT_CHARACTERS));
    if (!isTranslated || first.trim() === "" || keys.some((key) => seen.has(key))) return [];
    for (const key of keys) seen.add(key);
    return [{ id, name, text: `${name}: ${first.trim()}` }];
  });
  return evenSample(rows, DESCRIPTIONS);
}

/** Two neighbouring words of each text in an even sample. */
function twoWordQueries(texts) {
  return evenSample(
    texts.flatMap((text) => {
      const first = text.slice(text.indexOf(":") + 1);
      const words = [...new Intl.Segmenter(undefined, { granularity: "word" }).segment(first)]
        .filter(({ isWordLike }) => isWordLike)
        .map(({ segment }) => segment);
      const isLong = (word) => word?.length >= (UNSPACED.test(word) ? 2 : 4);
      const index = words.findIndex((word, at) => isLong(word) && isLong(words[at + 1]));
      return index < 0 ? [] : [`${words[index]} ${words[index + 1]}`];
    }),
    QUERIES,
  );
}

function evenSample(list, count) {
  if (list.length <= count) return list;
  const step = list.length / count;
  return Array.from({ length: count }, (_, index) => list[Math.floor(index * step)]);
}

/** The rows with the vectors that the multilingual model gives their texts. */
export async function embedRows(name, rows) {
  const vectors = await embed(name, { passages: rows.map(({ text }) => text), queries: [] });
  return rows.map((row, index) => ({ ...row, vector: vectors[index] }));
}

function embed(name, texts) {
  const count = texts.passages.length + texts.queries.length;
  return embedOnce({ folder, name, model: "multilingual-e5-small", texts, count });
}
