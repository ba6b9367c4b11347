/** Asking for items: queries out, ranked hits back. */
import type { ItemId } from "../types.js";

/** One question: which items are nearest to this vector? */
export interface Query {
  vector: Float32Array;
  /** The medoid the vector belongs to, for engines that can be asked by stored id. */
  item?: ItemId;
  /** How many hits are wanted. */
  count: number;
}

/** One answer. `score` is the cosine, in [-1, 1]. */
export interface Hit {
  item: ItemId;
  score: number;
}

/** Anything that answers queries: one ranked list per query, in their order. What it is handed is all that may leave the device. */
export type Retriever = (queries: readonly Query[], signal?: AbortSignal) => Promise<Hit[][]>;
