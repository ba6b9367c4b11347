/** Asking for items: queries out, ranked hits back. */
import type { ItemId } from "./item.js";

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
export interface Retriever {
  (queries: readonly Query[], signal?: AbortSignal): Promise<Hit[][]>;
  /** What asking these would send, byte for byte, for `preview()`. Without it, the queries as JSON. */
  outbound?: (queries: readonly Query[]) => Outbound[];
}

/** The vectors of items by id, one each, undefined for an item that is unknown there. */
export type VectorSource = (items: readonly ItemId[]) => Promise<(Float32Array | undefined)[]>;

/** Ends every privacy description of an {@link Outbound} message (without the full stop). */
export const NOT_SENT = "No weights, no times, no user id";

/** One message that would leave the device: where to, the exact bytes, and what they say in words. */
export interface Outbound {
  to: string;
  bytes: Uint8Array;
  says: string;
}
