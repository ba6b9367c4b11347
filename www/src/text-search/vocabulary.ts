/** The words of the items, which say why an item was found. */
import type { Catalogue, ItemId } from "pocketsage";

export interface Vocabulary {
  /** The words of an item that begin with a word of the text. */
  match(item: ItemId, text: string): { words: string[]; isNamed: boolean };
  /** The words of the text, of more than two letters, with which no word of an item begins. */
  unknownWords(text: string): string[];
}

/** Shorter words ("of", "I") are not reported as unknown. */
const MIN_REPORTED_LENGTH = 3;
/** No reason to find an item, and not reported as unknown. */
const FUNCTION_WORDS: ReadonlySet<string> = new Set(
  "a an and are at by for from in is it my of on or that the this to very with".split(" "),
);

/**
 * The words in these payload fields; `fields[0]` has the names. `others`: words of the encoder that
 * no payload has. O(bytes of the payloads).
 */
export function openVocabulary(
  catalogue: Catalogue,
  fields: readonly string[],
  others: readonly string[] = [],
): Vocabulary {
  const allWords = new Set(others.map(fold));
  const wordsOfItem = new Map<ItemId, { name: string[]; all: string[] }>();
  for (const item of catalogue.ids()) {
    const payload = (catalogue.payload(item) ?? {}) as Readonly<Record<string, unknown>>;
    const [name = [], ...others] = fields.map((field) => splitWords(textOf(payload[field])));
    const all = [...new Set([name, ...others].flat())];
    wordsOfItem.set(item, { name, all });
    for (const word of all) allWords.add(fold(word));
  }
  return {
    match(item, text) {
      const typed = splitWords(text).map(fold);
      const { name, all } = wordsOfItem.get(item) ?? { name: [], all: [] };
      const isTyped = (word: string): boolean => typed.some((start) => begins(fold(word), start));
      const isNamed =
        typed.length > 0 && typed.every((start) => name.some((word) => begins(fold(word), start)));
      return { words: all.filter(isTyped), isNamed };
    },
    unknownWords: (text) =>
      [...new Set(splitWords(text))].filter((word) => {
        const start = fold(word);
        if (FUNCTION_WORDS.has(start)) return false;
        if ([...start].length < MIN_REPORTED_LENGTH && /^[a-z]+$/.test(start)) return false;
        for (const itemWord of allWords) if (itemWord.startsWith(start)) return false;
        return true;
      }),
  };
}

/** A single letter is the beginning of too many words to be a reason. */
function begins(word: string, start: string): boolean {
  return word === start || (start.length > 1 && word.startsWith(start));
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.join(" ");
  return typeof value === "string" ? value : "";
}

function splitWords(text: string): string[] {
  return text.match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
}

/** Without case and accents. */
function fold(word: string): string {
  return word
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "")
    .toLowerCase();
}
