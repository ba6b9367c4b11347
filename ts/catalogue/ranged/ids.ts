/** The ids of a catalogue in little memory: their bytes, lengths, and order. */
import type { ItemId } from "../../item.js";
import { corrupt } from "./format.js";

/** Rows per stored start offset; the starts between are sums of lengths. */
const ROWS_PER_START = 64;

/** The ids of n rows. Memory: their bytes, 1 to 2 bytes a row for lengths, 3 to 4 for the order. */
export interface IdTable {
  readonly byteLength: number;
  idOf(row: number): ItemId;
  /** The row of an item; -1 for an unknown one. O(log n). */
  rowOf(item: ItemId): number;
}

/**
 * Reads the sections 4 (`offsets`), 5 (`bytes`) and 6 (`order`) of a file. They are verified by
 * their hashes; here only offsets and rows outside of the arrays are rejected.
 */
export function readIds(
  offsets: Uint8Array,
  bytes: Uint8Array,
  order: Uint8Array,
  name: string,
): IdTable {
  // Read by other functions, so that the closures below do not keep their arguments alive.
  const { lengths, starts } = packOffsets(offsets, bytes.length, name);
  const { packed, count } = packOrder(order, lengths.length, name);
  const rowAt = (place: number): number =>
    packed instanceof Uint32Array
      ? packed[place]!
      : packed[3 * place]! | (packed[3 * place + 1]! << 8) | (packed[3 * place + 2]! << 16);
  const bytesOfId = (row: number): Uint8Array => {
    let at = row - (row % ROWS_PER_START);
    let start = starts[at / ROWS_PER_START]!;
    for (; at < row; at += 1) start += lengths[at]!;
    return bytes.subarray(start, start + lengths[row]!);
  };
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  return {
    byteLength: bytes.length + lengths.byteLength + starts.byteLength + packed.byteLength,
    idOf: (row) => decoder.decode(bytesOfId(row)),
    rowOf(item) {
      const sought = encoder.encode(item);
      let low = 0;
      let high = count;
      while (low < high) {
        const middle = (low + high) >>> 1;
        const row = rowAt(middle);
        const compared = compareBytes(bytesOfId(row), sought);
        if (compared === 0) return row;
        if (compared < 0) low = middle + 1;
        else high = middle;
      }
      return -1;
    },
  };
}

/** The length of each id in one or two bytes, and the start of one id in 64. */
function packOffsets(offsets: Uint8Array, idBytes: number, name: string) {
  const ends = new Uint32Array(offsets.buffer, offsets.byteOffset, offsets.length >> 2);
  const starts = new Uint32Array(Math.ceil(ends.length / ROWS_PER_START));
  const isWide = ends.some((end, row) => end - (ends[row - 1] ?? 0) > 255);
  const lengths = isWide ? new Uint16Array(ends.length) : new Uint8Array(ends.length);
  let previousEnd = 0;
  ends.forEach((end, row) => {
    const length = end - previousEnd;
    if (length < 1 || length > 65535 || end > idBytes)
      throw corrupt(name, `the id of row ${row} is ${length} bytes long`);
    if (row % ROWS_PER_START === 0) starts[row / ROWS_PER_START] = previousEnd;
    lengths[row] = length;
    previousEnd = end;
  });
  return { lengths, starts };
}

/** The rows in the order of their ids: in three bytes each, if there are less than 2^24. */
function packOrder(order: Uint8Array, rows: number, name: string) {
  const rowsInOrder = new Uint32Array(order.buffer, order.byteOffset, order.length >> 2);
  if (rowsInOrder.some((row) => row >= rows)) throw corrupt(name, "the order of ids is invalid");
  const count = rowsInOrder.length;
  return { packed: rows < 2 ** 24 ? packRows(rowsInOrder) : rowsInOrder.slice(), count };
}

/** Rows below 2^24 in three bytes each. */
function packRows(rows: Uint32Array): Uint8Array {
  const packed = new Uint8Array(rows.length * 3);
  rows.forEach((row, place) => {
    packed[3 * place] = row;
    packed[3 * place + 1] = row >> 8;
    packed[3 * place + 2] = row >> 16;
  });
  return packed;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) if (a[at] !== b[at]) return a[at]! - b[at]!;
  return a.length - b.length;
}
