/** Stored vectors of an engine: asked for in batches, each item once, and remembered. */
import { checkItemId } from "../check.js";
import type { ItemId } from "../item.js";

type LookUp = (
  items: readonly ItemId[],
  signal?: AbortSignal,
) => Promise<(Float32Array | undefined)[]>;

const BATCH = 100;
const REMEMBERED = 500;

/** `lookUp`, asked for at most a hundred items at once and never for one it has answered. What is unknown is asked for again. */
export function rememberVectors(lookUp: LookUp): LookUp {
  const known = new Map<ItemId, Float32Array>();
  return async (items, signal) => {
    const found = new Map<ItemId, Float32Array>();
    for (const item of items) {
      const vector = known.get(checkItemId("vectors: an item", item));
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
  const wholes = quantize5(vector);
  const numbers = new Array<number>(wholes.length);
  for (let i = 0; i < wholes.length; i += 1) numbers[i] = wholes[i]! / 1e5;
  return numbers;
}

/** The vector at unit length, in hundred-thousandths. Plain loops: `from` with a function takes ten times as long. */
export function quantize5(vector: Float32Array): Int32Array<ArrayBuffer> {
  let squares = 0;
  for (let i = 0; i < vector.length; i += 1) squares += vector[i]! * vector[i]!;
  const scale = 1e5 / Math.sqrt(squares);
  const wholes = new Int32Array(vector.length);
  for (let i = 0; i < vector.length; i += 1) wholes[i] = Math.round(vector[i]! * scale);
  return wholes;
}
