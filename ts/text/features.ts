/**
 * Features of a text: its words and character n-grams, as 32-bit hashes with integer weights.
 *
 * Letters are compatibility-decomposed (NFKD), diacritical marks (U+0300 to U+036F) removed, lower
 * case, and composed again. A run of letters, marks and digits is a word; with "<" and ">" at its
 * ends it has n-grams of 3 and 4 UTF-16 units. Scripts without spaces between words have n-grams of
 * 1 to 3 units and no words. All other characters separate.
 */

/** Maximum length of a text that is read, in UTF-16 units; the rest is ignored. */
export const MAX_TEXT_LENGTH = 16_384;
/** Maximum number of distinct features of a text; further ones are ignored. */
export const MAX_FEATURES = 4096;
/** Maximum length of a word with n-grams, in UTF-16 units: longer runs are data, not words. */
const MAX_WORD_LENGTH = 64;
const MIN_GRAM = 3;
const MAX_GRAM = 4;
/** Maximum length of an n-gram of a script without spaces, in UTF-16 units. */
const MAX_UNSPACED_GRAM = 3;

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
const BEGIN = 0x3c;
const END = 0x3e; // "<" and ">"

/** The distinct features of a text: `hashes[i]` has the weight `weights[i]`, 16 to 59. */
export interface Features {
  readonly hashes: Uint32Array;
  readonly weights: Uint8Array;
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
export type FeatureReader = (text: string) => Features;

/**
 * Opens a reader, whose buffers are used again: the arrays of a result are views that are valid
 * until the next text is read.
 */
export function openFeatureReader(): FeatureReader {
  const hashes = new Uint32Array(MAX_FEATURES);
  const weights = new Uint8Array(MAX_FEATURES);
  const counts = new Uint32Array(MAX_FEATURES);
  /** Open addressing by the low bits of the hash: 0 is empty, else 1 + the feature's index. */
  const slots = new Uint16Array(MAX_FEATURES * 2);
  const usedSlots = new Uint16Array(MAX_FEATURES);
  /** UTF-16 units of a word between the marks "<" and ">". */
  const units = new Uint16Array(MAX_WORD_LENGTH + 2);
  let size = 0;

  const add = (state: number): void => {
    const hash = finalize(state);
    let slot = hash & (slots.length - 1);
    for (;;) {
      const index = slots[slot]! - 1;
      if (index < 0) break;
      if (hashes[index] === hash) {
        counts[index]! += 1;
        return;
      }
      slot = (slot + 1) & (slots.length - 1);
    }
    if (size === MAX_FEATURES) return;
    hashes[size] = hash;
    counts[size] = 1;
    usedSlots[size] = slot;
    size += 1;
    slots[slot] = size;
  };
  /** Adds the word and the n-grams of units[0 .. length + 2], whose ends are marks. */
  const addWord = (length: number): void => {
    units[0] = BEGIN;
    units[length + 1] = END;
    let state = WORD_SEED;
    for (let index = 1; index <= length; index += 1) state = step(state, units[index]!);
    add(state);
    for (let start = 0; start + MIN_GRAM <= length + 2; start += 1) {
      const end = Math.min(start + MAX_GRAM, length + 2);
      state = GRAM_SEED;
      for (let index = start; index < end; index += 1) {
        state = step(state, units[index]!);
        if (index >= start + MIN_GRAM - 1) add(state);
      }
    }
  };
  const addUnspaced = (run: string): void => {
    for (let start = 0; start < run.length; start += 1) {
      const end = Math.min(start + MAX_UNSPACED_GRAM, run.length);
      let state = GRAM_SEED;
      for (let index = start; index < end; index += 1) {
        state = step(state, run.charCodeAt(index));
        add(state);
      }
    }
  };
  /** Reads a text of ASCII characters; false, with nothing but features left, for another one. */
  const readAscii = (text: string): boolean => {
    const end = Math.min(text.length, MAX_TEXT_LENGTH);
    let length = 0;
    for (let index = 0; index < end; index += 1) {
      const unit = LOWER_CASE[text.charCodeAt(index)];
      if (unit === undefined) return false;
      if (unit > 0) {
        if (length < MAX_WORD_LENGTH) units[length + 1] = unit;
        length += 1;
      } else if (length > 0) {
        if (length <= MAX_WORD_LENGTH) addWord(length);
        length = 0;
      }
    }
    if (length > 0 && length <= MAX_WORD_LENGTH) addWord(length);
    return true;
  };
  const readAny = (text: string): void => {
    for (const [word, unspaced] of foldText(text).matchAll(WORDS)) {
      if (unspaced !== undefined) addUnspaced(word);
      else if (word.length <= MAX_WORD_LENGTH) {
        for (let index = 0; index < word.length; index += 1)
          units[index + 1] = word.charCodeAt(index);
        addWord(word.length);
      }
    }
  };
  const clear = (): void => {
    for (let index = 0; index < size; index += 1) slots[usedSlots[index]!] = 0;
    size = 0;
  };
  return (text) => {
    clear();
    if (!readAscii(text)) {
      clear();
      readAny(text);
    }
    for (let index = 0; index < size; index += 1)
      weights[index] = COUNT_WEIGHTS[Math.min(counts[index]!, MAX_COUNT)]!;
    return { hashes: hashes.subarray(0, size), weights: weights.subarray(0, size) };
  };
}

/** The lower case of the ASCII letters and digits; 0 for the other ASCII characters. */
const LOWER_CASE = Array.from({ length: 128 }, (_, unit) => {
  const character = String.fromCharCode(unit).toLowerCase();
  return /[a-z0-9]/.test(character) ? character.charCodeAt(0) : 0;
});

/** A step of FNV-1a over one UTF-16 unit. */
function step(state: number, unit: number): number {
  return Math.imul(state ^ unit, 0x01000193);
}

/** The finalizer of MurmurHash3: a u32. */
function finalize(state: number): number {
  let hash = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
