/** The interface of a method of recommendation, and its input. */
import type { Random } from "../random.js";
import type { EvalCase, EvalData } from "./accounts.js";

/** A query: a row of the item vectors, or a vector. */
export type MethodQuery = number | Float32Array;

export interface CaseContext {
  readonly data: EvalData;
  readonly evalCase: EvalCase;
  /** Number of recommendations. */
  readonly count: number;
  /** Train actions of each row before the cut, decayed to it. */
  readonly popularity: Float64Array;
  /** Per row, 1 if it is never recommended. */
  readonly excluded: Uint8Array;
  /** Seeded for this case and method. */
  readonly random: Random;
}

/** A method's answer to one case: its queries, then rows chosen from the scores of all items. */
export interface MethodPlan {
  readonly queries: readonly MethodQuery[];
  /** `scores[i]` has the inner product of each row with `queries[i]`. Rows, best first. */
  choose(scores: readonly Float32Array[]): Int32Array;
}

export interface Method {
  /** As --methods names it, as in "last:5". */
  readonly name: string;
  /** As reports name it, as in "last 5 items". */
  readonly title: string;
  /** Called once before the first case. */
  prepare?(data: EvalData, onShare: (share: number) => void): void | Promise<void>;
  plan(context: CaseContext): MethodPlan;
}
