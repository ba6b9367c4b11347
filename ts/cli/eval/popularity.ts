/** Popularity of items at a time, from earlier actions only. */
import type { EvalData } from "./accounts.js";

const MS_PER_DAY = 86_400_000;

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
    this.#order = Uint32Array.from(train.row, (_, action) => action).sort(
      (a, b) => compareTimes(train.at[a]!, train.at[b]!) || a - b,
    );
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

/** Ascending; equal infinities are equal, where their difference is NaN. */
function compareTimes(a: number, b: number): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
