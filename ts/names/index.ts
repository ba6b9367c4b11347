/**
 * Names of interests, from the words of their items. Import `pocketsage` as well, which loads the
 * wasm.
 *
 * @packageDocumentation
 */

import type { Catalogue } from "../catalogue/catalogue.js";
import { checkCatalogue } from "../catalogue/check-catalogue.js";
import type { Interest, Profile } from "../sage/types.js";
import { checkInteger, checkItemIds, checkKeys, unexpected } from "../values/check.js";

/** Options of {@link nameInterests}. */
export interface NameOptions {
  /** Maximum number of words of a name, at least 1. Default: 3. */
  count?: number;
  /** Payload fields to read. Default: all texts of a payload, nested ones too. */
  fields?: Iterable<string>;
  /** Language of the texts (BCP 47), for the bounds of words and lower case. Default: "en". */
  language?: string;
}

/** A word of a name. */
export interface NameWord {
  /** In lower case. */
  word: string;
  /** Its class-based TF-IDF, above 0. */
  score: number;
}

/** Numbers of items that have each word, by the fields and language of the count. */
interface WordCounts {
  /** The revision of the catalogue that was counted. */
  readonly revision: string;
  readonly key: string;
  readonly itemsPerWord: ReadonlyMap<string, number>;
}

/** The last count of each catalogue: reading all payloads takes longer than naming. */
const knownCounts = new WeakMap<Catalogue, WordCounts>();

/**
 * For each interest of a profile the words that distinguish its items from the whole catalogue,
 * best first: by class-based TF-IDF, (share of the members that have the word) x ln(1 + items of
 * the catalogue / items that have the word); of equal scores, the word first in code-unit order. A
 * word counts once per item, numbers and single letters do not count. An interest whose items have
 * no payload texts has no words.
 *
 * The first call for a catalogue reads all payloads: O(bytes). Throws code "option" for an invalid
 * option, "corrupt" for a payload that is not JSON, RangeError for a malformed language.
 */
export function nameInterests(
  profile: Pick<Profile, "interests">,
  catalogue: Catalogue,
  options: NameOptions = {},
): NameWord[][] {
  checkCatalogue("nameInterests", catalogue);
  checkKeys("nameInterests", options, ["count", "fields", "language"]);
  const { language = "en" } = options;
  if (typeof language !== "string")
    throw unexpected("nameInterests: language", 'a name such as "en"', language);
  const interests: unknown = profile?.interests;
  if (!Array.isArray(interests))
    throw unexpected("nameInterests", "a profile, such as `await sage.profile()`", profile);
  const itemsOfInterests = Array.from(interests as (Partial<Interest> | null)[], (interest, row) =>
    checkItemIds(`nameInterests: interest ${row}: items`, interest?.items as string[]),
  );
  const count = checkInteger("nameInterests: count", options.count ?? 3);
  const fields =
    options.fields === undefined
      ? undefined
      : checkItemIds("nameInterests: fields", options.fields);
  const segmenter = new Intl.Segmenter(language, { granularity: "word" });
  const wordsOf = (item: string): Set<string> => {
    const payload = catalogue.payload(item);
    const values =
      fields === undefined
        ? payload
        : fields.map((field) => (payload as Record<string, unknown> | undefined)?.[field]);
    const words = [...textsOf(values)].flatMap((text) =>
      Array.from(segmenter.segment(text.toLocaleLowerCase(language)), ({ segment }) => segment),
    );
    return new Set(words.filter((word) => /^\p{L}[\p{L}\p{M}\p{N}'’.-]+$/u.test(word)));
  };
  const key = JSON.stringify([language, fields]);
  const knownCount = knownCounts.get(catalogue);
  const counts =
    knownCount?.revision === catalogue.revision && knownCount.key === key
      ? knownCount
      : { revision: catalogue.revision, key, itemsPerWord: countItems(catalogue, wordsOf) };
  knownCounts.set(catalogue, counts);
  return itemsOfInterests.map((items) => {
    const members = new Map<string, number>();
    for (const item of items)
      for (const word of wordsOf(item)) members.set(word, (members.get(word) ?? 0) + 1);
    return [...members]
      .map(([word, memberCount]) => ({
        word,
        score:
          (memberCount / items.length) *
          Math.log1p(catalogue.size / counts.itemsPerWord.get(word)!),
      }))
      .sort((a, b) => b.score - a.score || (a.word < b.word ? -1 : 1))
      .slice(0, count);
  });
}

/** The number of items of a catalogue that have each word. */
function countItems(
  catalogue: Catalogue,
  wordsOf: (item: string) => Set<string>,
): Map<string, number> {
  const itemsPerWord = new Map<string, number>();
  for (const item of catalogue.ids())
    for (const word of wordsOf(item)) itemsPerWord.set(word, (itemsPerWord.get(word) ?? 0) + 1);
  return itemsPerWord;
}

/** All strings of a JSON value. */
function* textsOf(value: unknown): Iterable<string> {
  if (typeof value === "string") yield value;
  else if (typeof value === "object" && value !== null)
    for (const part of Object.values(value)) yield* textsOf(part);
}
