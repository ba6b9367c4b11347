/** Paired bootstrap over accounts: every method is resampled with the same accounts. */
import { openRandom } from "../random.js";

export interface Interval {
  readonly value: number;
  /** 95 % interval. */
  readonly low: number;
  readonly high: number;
}

/** Means, differences and lifts of several series over the same accounts. */
export class Bootstrap {
  /** `#means[resample * series + s]` is the mean of series s over a resample. */
  readonly #means: Float64Array;
  readonly #plainMeans: Float64Array;
  readonly #series: number;
  readonly #resamples: number;

  /**
   * `values[s][account]`; all series have the same accounts, at least one. O(resamples series
   * accounts).
   */
  constructor(values: readonly Float64Array[], resamples: number, seed: number) {
    const accounts = values[0]!.length;
    const random = openRandom(seed);
    this.#series = values.length;
    this.#resamples = resamples;
    this.#plainMeans = Float64Array.from(values, (series) => weightedMean(series, undefined));
    this.#means = new Float64Array(resamples * values.length);
    const weights = new Float64Array(accounts);
    for (let resample = 0; resample < resamples; resample += 1) {
      weights.fill(0);
      for (let draw = 0; draw < accounts; draw += 1) weights[random.below(accounts)]! += 1;
      for (const [index, series] of values.entries())
        this.#means[resample * values.length + index] = weightedMean(series, weights);
    }
  }

  mean(series: number): Interval {
    return this.#interval((means, offset) => means[offset + series]!);
  }

  /** Mean of `series` - mean of `reference`. */
  difference(series: number, reference: number): Interval {
    return this.#interval((means, offset) => means[offset + series]! - means[offset + reference]!);
  }

  /** Mean of `series` / mean of `reference` - 1; NaN if that is 0. */
  lift(series: number, reference: number): Interval {
    return this.#interval(
      (means, offset) => means[offset + series]! / (means[offset + reference]! || NaN) - 1,
    );
  }

  #interval(statistic: (means: Float64Array, offset: number) => number): Interval {
    const values = Float64Array.from({ length: this.#resamples }, (_, resample) =>
      statistic(this.#means, resample * this.#series),
    ).sort();
    const quantile = (share: number): number =>
      values[Math.min(values.length - 1, Math.floor(share * values.length))]!;
    return {
      value: statistic(this.#plainMeans, 0),
      low: quantile(0.025),
      high: quantile(0.975),
    };
  }
}

function weightedMean(values: Float64Array, weights: Float64Array | undefined): number {
  let sum = 0;
  for (let index = 0; index < values.length; index += 1)
    sum += values[index]! * (weights ? weights[index]! : 1);
  return sum / values.length;
}
