/** Popularity of items at a time, from earlier actions only. */

import { MS_PER_DAY } from "../../values/time.js";
import type { EvalData } from "./accounts.js";
import { allocateColumn, freeColumn } from "./columns.js";

export interface PopularityOptions {
  /** Days after which an action counts half; undefined counts all actions alike. */
  readonly halfLifeDays: number | undefined;
}

/**
 * The number of train actions on each row before a time, decayed to that time. Times must be
 * in ascending order: the actions between two times are added once. Actions without a clock
 * count fully at all times.
 */
export class PopularityClock {
  readonly #counts: Float64Array;
  readonly #countedAt: Float64Array;
  readonly #order: Uint32Array;
  readonly #train: EvalData["train"];
  readonly #msPerHalving: number;
  #next = 0;

  constructor({ train, vectors }: EvalData, { halfLifeDays }: PopularityOptions) {
    const rows = vectors.ids.length;
    this.#train = train;
    this.#counts = new Float64Array(rows);
    this.#countedAt = new Float64Array(rows).fill(-Infinity);
    this.#order = orderByTime(train.at);
    this.#msPerHalving = (halfLifeDays ?? Infinity) * MS_PER_DAY;
  }

  /** Counts by row at `time`, not rounded; the array is reused by the next call. */
  countsAt(time: number, counts: Float64Array): Float64Array {
    const { row, at } = this.#train;
    for (; this.#next < this.#order.length; this.#next += 1) {
      const action = this.#order[this.#next]!;
      if (at[action]! >= time) break;
      const item = row[action]!;
      this.#counts[item] =
        1 + this.#counts[item]! * this.#decay(this.#countedAt[item]!, at[action]!);
      this.#countedAt[item] = at[action]!;
    }
    for (let item = 0; item < counts.length; item += 1)
      counts[item] = this.#counts[item]! * this.#decay(this.#countedAt[item]!, time);
    return counts;
  }

  #decay(from: number, to: number): number {
    if (from === -Infinity || to === Infinity) return 1;
    return 2 ** (-(to - from) / this.#msPerHalving);
  }
}

/**
 * The positions by ascending time, ties by position. A merge sort of 4-byte positions: `sort` of a
 * typed array with a comparison function takes 16 bytes more per position.
 */
function orderByTime(at: Float64Array): Uint32Array {
  let order = allocateColumn(Uint32Array, at.length);
  let merged = allocateColumn(Uint32Array, at.length);
  for (let position = 0; position < at.length; position += 1) order[position] = position;
  for (let width = 1; width < order.length; width *= 2) {
    for (let start = 0; start < order.length; start += 2 * width) {
      const middle = start + width;
      const end = Math.min(start + 2 * width, order.length);
      let left = start;
      let right = middle;
      for (let next = start; next < end; next += 1) {
        const isLeft = left < middle && (right >= end || !(at[order[left]!]! > at[order[right]!]!));
        merged[next] = order[isLeft ? left : right]!;
        if (isLeft) left += 1;
        else right += 1;
      }
    }
    [order, merged] = [merged, order];
  }
  freeColumn(merged);
  return order;
}
