// Chooses the items of the word catalogue from WordNet's database files: common nouns of things
// that a person may like, each with its definition.
import { readFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * WordNet's lexicographer files that are used: the group of the items, and the number of items.
 * Nouns of persons, places and abstractions are left out.
 */
const GROUPS = new Map([
  ["04", { group: "activity", count: 650 }],
  ["05", { group: "animal", count: 950 }],
  ["06", { group: "thing", count: 1450 }],
  ["08", { group: "body", count: 120 }],
  ["09", { group: "idea", count: 220 }],
  ["10", { group: "language", count: 330 }],
  ["11", { group: "event", count: 150 }],
  ["12", { group: "feeling", count: 100 }],
  ["13", { group: "food", count: 900 }],
  ["17", { group: "nature", count: 220 }],
  ["19", { group: "phenomenon", count: 110 }],
  ["20", { group: "plant", count: 600 }],
  ["27", { group: "substance", count: 180 }],
]);
const MAX_LABEL_LENGTH = 22;
/** Characters of a stored definition; the vector uses all of it. */
const MAX_STORED_DEFINITION = 88;
/** Definitions of words that a demonstration does not need. */
const UNSUITABLE = new RegExp(
  "offensive|slur|obscene|vulgar|derogat|disparag|slang|sex|genital|copulat|prostitut|excre|" +
    "feces|suicid|murder|rape|tortur|kill|corpse|nazi|racial|drug",
  "i",
);
/** Labels that name a taxon or an abbreviation rather than a thing. */
const UNUSUAL_LABEL = /[^a-z '-]|^(genus|family|order|class) | (genus|family|order|class)$/;

/**
 * The items, `{ id, text, label, group, about }`: groups in the order of `GROUPS`, the most common
 * words first. `text` is "word, synonyms: definition". A word occurs once, in its most common
 * sense.
 */
export async function chooseItems(dictFolder) {
  const synsets = readSynsets(await readFile(join(dictFolder, "data.noun"), "utf8"));
  const counts = readCounts(await readFile(join(dictFolder, "index.sense"), "utf8"));
  const seen = new Set();
  return [...GROUPS].flatMap(([file, { group, count }]) =>
    synsets
      .filter((synset) => synset.file === file && isSuitable(synset))
      .map((synset) => ({ ...synset, uses: counts.get(synset.offset) ?? 0 }))
      .sort((a, b) => b.uses - a.uses || b.relations - a.relations || compare(a.id, b.id))
      .filter(({ id }) => !seen.has(id) && seen.add(id))
      .slice(0, count)
      .map(({ id, text, about }) => ({ id, text, label: id, group, about })),
  );
}

function isSuitable({ id, definition, isInstance }) {
  return (
    !isInstance &&
    id.length >= 3 &&
    id.length <= MAX_LABEL_LENGTH &&
    !UNUSUAL_LABEL.test(id) &&
    !UNSUITABLE.test(definition)
  );
}

/** The synsets of a data file, whose lines are described in WordNet's wndb(5). */
function readSynsets(content) {
  return content
    .split("\n")
    .filter((line) => /^\d/.test(line))
    .map((line) => {
      const [fields, gloss = ""] = line.split(" | ");
      const [offset, file, , wordCount, ...rest] = fields.split(" ");
      const words = Array.from({ length: Number.parseInt(wordCount, 16) }, (_, index) =>
        rest[2 * index].replaceAll("_", " "),
      );
      const pointers = rest.slice(2 * words.length);
      const definition = gloss.trim().split(/; "/)[0];
      return {
        offset,
        file,
        definition,
        id: words[0],
        isInstance: pointers.includes("@i"),
        relations: Number(pointers[0]),
        text: `${words.join(", ")}: ${definition}`,
        about: shorten(definition),
      };
    });
}

/** How often each noun synset was found in WordNet's tagged texts, by its offset. */
function readCounts(content) {
  const counts = new Map();
  for (const [, offset, count] of content.matchAll(/%1:\S+ (\d+) \d+ (\d+)$/gm))
    counts.set(offset, (counts.get(offset) ?? 0) + Number(count));
  return counts;
}

/** The definition, cut before a word and marked with "…" if it is too long. */
function shorten(definition) {
  if (definition.length <= MAX_STORED_DEFINITION) return definition;
  const end = definition.lastIndexOf(" ", MAX_STORED_DEFINITION - 1);
  return `${definition.slice(0, end).replace(/[\s,;(]+$/, "")}…`;
}

function compare(a, b) {
  return a < b ? -1 : Number(a > b);
}
