/** Sets of rows of a catalogue: one bit a row, bit row % 32 of word row / 32. */

/** The empty set of the rows below `rows`. */
export function emptyRowSet(rows: number): Uint32Array {
  return new Uint32Array(Math.ceil(rows / 32));
}

export function addRow(words: Uint32Array, row: number): void {
  words[row >> 5]! |= 1 << (row & 31);
}

/** Whether the set has the row; undefined has all rows. */
export function hasRow(words: Uint32Array | undefined, row: number): boolean {
  return !words || ((words[row >> 5]! >> (row & 31)) & 1) === 1;
}
