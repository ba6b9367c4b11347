/** Stored vectors of an engine: asked for in batches, each item once, and remembered. */
import { checkItem } from "../check.js";
import type { ItemId } from "../types.js";

type LookUp = (items: readonly ItemId[], signal?: AbortSignal) => Promise<(Float32Array | undefined)[]>;

const BATCH = 100;
const REMEMBERED = 2000;

/** `lookUp`, asked for at most a hundred items at once and never for one it has answered. What is unknown is asked for again. */
export function rememberVectors(lookUp: LookUp): LookUp {
  const known = new Map<ItemId, Float32Array>();
  return async (items, signal) => {
    const found = new Map<ItemId, Float32Array>();
    for (const item of items) {
      const vector = known.get(checkItem("vectors: an item", item));
      if (vector) found.set(item, vector);
    }
    const asked = [...new Set(items)].filter((item) => !found.has(item));
    for (let start = 0; start < asked.length; start += BATCH) {
      const batch = asked.slice(start, start + BATCH);
      const vectors = await lookUp(batch, signal);
      batch.forEach((item, place) => {
        const vector = vectors[place];
        if (!vector) return;
        found.set(item, vector);
        known.set(item, vector);
      });
    }
    for (const item of known.keys()) {
      if (known.size <= REMEMBERED) break;
      known.delete(item);
    }
    return items.map((item) => found.get(item)?.slice());
  };
}

/** The vector at unit length and 5 decimals, as plain numbers: what is left of it still finds the same items, in a third of the JSON. */
export function shortNumbers(vector: Float32Array): number[] {
  const length = Math.sqrt(vector.reduce((sum, number) => sum + number * number, 0));
  return Array.from(vector, (number) => Math.round((number / length) * 1e5) / 1e5);
}
