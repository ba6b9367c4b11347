/** Names of items: exact, and by all words of a text, the last one as a prefix. */
import type { Catalogue } from "../catalogue/catalogue.js";
import { foldText, wordsOf } from "./features.js";

/** Maximum number of items that match all words; further ones are left to the vectors. */
const MAX_MATCHES = 1000;

/** The items whose name matches a text. */
export interface NameMatches {
  readonly exact: readonly string[];
  readonly all: ReadonlySet<string>;
}

/**
 * Indexes the names of a catalogue: O(bytes of the payloads). Items without a name are left out.
 */
export function openLexicon(
  catalogue: Catalogue,
  field: string,
): { readonly revision: string; match(text: string): NameMatches } {
  const itemsOfName = new Map<string, string[]>();
  const itemsOfWord = new Map<string, Set<string>>();
  for (const item of catalogue.ids()) {
    const payload = catalogue.payload(item) as Record<string, unknown> | undefined;
    const name = payload?.[field];
    if (typeof name !== "string") continue;
    const words = wordsOf(foldText(name));
    const key = words.join(" ");
    const namesakes = itemsOfName.get(key);
    if (namesakes) namesakes.push(item);
    else itemsOfName.set(key, [item]);
    for (const word of words) {
      const items = itemsOfWord.get(word);
      if (items) items.add(item);
      else itemsOfWord.set(word, new Set([item]));
    }
  }
  const sortedWords = [...itemsOfWord.keys()].sort();
  /** At most MAX_MATCHES items in `sets` with a word that begins with the prefix. */
  const withPrefix = (prefix: string, sets: readonly ReadonlySet<string>[]): Set<string> => {
    const items = new Set<string>();
    for (let index = lowerBound(sortedWords, prefix); index < sortedWords.length; index += 1) {
      const word = sortedWords[index]!;
      if (!word.startsWith(prefix)) break;
      for (const item of itemsOfWord.get(word)!) {
        if (items.size >= MAX_MATCHES) return items;
        if (sets.every((set) => set.has(item))) items.add(item);
      }
    }
    return items;
  };
  return {
    revision: catalogue.revision,
    match(text) {
      const words = wordsOf(foldText(text));
      const last = words.pop();
      if (last === undefined) return { exact: [], all: new Set() };
      const none: ReadonlySet<string> = new Set();
      const sets = words.map((word) => itemsOfWord.get(word) ?? none);
      const exact = itemsOfName.get([...words, last].join(" ")) ?? [];
      return { exact, all: withPrefix(last, sets) };
    },
  };
}

/** The index of the first word that is not before `word`, in code-unit order. */
function lowerBound(words: readonly string[], word: string): number {
  let low = 0;
  let high = words.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (words[middle]! < word) low = middle + 1;
    else high = middle;
  }
  return low;
}
