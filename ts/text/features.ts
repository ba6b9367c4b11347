/**
 * Features of a text: its words and character n-grams, as 32-bit hashes with integer weights.
 *
 * Letters are compatibility-decomposed (NFKD), diacritical marks (U+0300 to U+036F) removed, lower
 * case, and composed again. A run of letters, marks and digits is a word; with "<" and ">" at its
 * ends it has n-grams of 3 to 5 UTF-16 units. Scripts without spaces between words have n-grams of
 * 1 to 3 units and no words. All other characters separate.
 */

/** Longest text that is read, in UTF-16 units; the rest is ignored. */
const MAX_TEXT_LENGTH = 16_384;
/** Most distinct features of a text; further ones are ignored. */
const MAX_FEATURES = 4096;
/** Longest word with n-grams of its own, in UTF-16 units: longer runs are data, not words. */
const MAX_WORD_LENGTH = 64;

/**
 * The weight of a feature that occurs 1, 2, ... times: round(16 (1 + ln count)). A table, because
 * Math.log differs between engines.
 */
const COUNT_WEIGHTS = [0, 16, 27, 34, 38, 42, 45, 47, 49, 51, 53, 54, 56, 57, 58, 59] as const;
const MAX_COUNT = COUNT_WEIGHTS.length - 1;
/** Seeds that give a word and an n-gram of the same letters different hashes. */
const WORD_SEED = 0x9747b28c;
const GRAM_SEED = 0x2f0b4c47;

const UNSPACED =
  "\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}" +
  "\\p{Script=Khmer}\\p{Script=Myanmar}\\u3005\\u30fc";
const WORDS = new RegExp(
  `([${UNSPACED}][${UNSPACED}\\p{M}]*)|(?:(?![${UNSPACED}])[\\p{L}\\p{M}\\p{N}])+`,
  "gu",
);

/** The distinct features of a text: `hashes[i]` has the weight `weights[i]`, 16 to 59. */
export interface Features {
  readonly hashes: readonly number[];
  readonly weights: readonly number[];
}

/** The text without case and accents; the first {@link MAX_TEXT_LENGTH} units of it. */
export function foldText(text: string): string {
  const head = text.slice(0, MAX_TEXT_LENGTH).toLowerCase();
  if (/^[\0-\x7f]*$/.test(head)) return head;
  return head
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "")
    .toLowerCase()
    .replaceAll("ς", "σ")
    .normalize("NFC")
    .slice(0, MAX_TEXT_LENGTH);
}

/** The words of a folded text, runs of scripts without spaces included, in order. */
export function wordsOf(folded: string): string[] {
  return folded.match(WORDS) ?? [];
}

/** The features of a text, in the order of their first occurrence. O(length). */
export function featuresOf(text: string): Features {
  const counts = new Map<number, number>();
  const add = (hash: number): void => {
    const count = counts.get(hash);
    if (count !== undefined) counts.set(hash, count + 1);
    else if (counts.size < MAX_FEATURES) counts.set(hash, 1);
  };
  const folded = foldText(text);
  for (const match of folded.matchAll(WORDS)) {
    const [word, unspaced] = match;
    if (unspaced !== undefined) addGrams(word, 1, 3, add);
    else if (word.length <= MAX_WORD_LENGTH) {
      add(hashOf(word, 0, word.length, WORD_SEED));
      addGrams(`<${word}>`, 3, 5, add);
    }
  }
  return {
    hashes: [...counts.keys()],
    weights: Array.from(counts.values(), (count) => COUNT_WEIGHTS[Math.min(count, MAX_COUNT)]!),
  };
}

/** Adds the hash of each n-gram of `min` to `max` units. */
function addGrams(text: string, min: number, max: number, add: (hash: number) => void): void {
  for (let start = 0; start + min <= text.length; start += 1)
    for (let end = start + min; end <= Math.min(start + max, text.length); end += 1)
      add(hashOf(text, start, end, GRAM_SEED));
}

/** FNV-1a of the UTF-16 units from start to end, with the finalizer of MurmurHash3: a u32. */
function hashOf(text: string, start: number, end: number, seed: number): number {
  let hash = seed;
  for (let index = start; index < end; index += 1)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
