/** The vectors of the items: from a file, a catalogue, or trained on the train actions. */
import { extname } from "node:path";
import { InputError } from "../command-error.js";
import { openRandom } from "../random.js";
import { readCatalogue } from "../read/catalogue-file.js";
import { readItems } from "../read/item-file.js";
import type { OnNote } from "../read/row.js";

/** Items and their unit vectors, row-major n x dim. A zero vector stays zero. */
export interface ItemVectors {
  readonly ids: readonly string[];
  readonly values: Float32Array;
  readonly dim: number;
}

/** Reads vectors as `build` does, or those of a catalogue (.sage). */
export async function readItemVectors(
  file: string,
  ids: string | undefined,
  onNote: OnNote,
  onShare: (share: number) => void,
): Promise<ItemVectors> {
  if (extname(file).toLowerCase() === ".sage") {
    const { catalogue } = await readCatalogue(file);
    const names = [...catalogue.ids()];
    const values = new Float32Array(names.length * catalogue.dim);
    for (const [row, id] of names.entries()) values.set(catalogue.vector(id)!, row * catalogue.dim);
    const { dim } = catalogue;
    catalogue.close();
    return { ids: names, values: toUnitLength(values, dim), dim };
  }
  const { items, dim } = await readItems(file, {
    id: "id",
    vector: "vector",
    ids,
    columns: undefined,
    binary: undefined,
    attributes: [],
    length: 0,
    onNote,
    onItem: () => {},
    onProgress: onShare,
  });
  const values = new Float32Array(items.length * dim);
  for (const [row, [, vector]] of items.entries()) values.set(vector, row * dim);
  return { ids: items.map(([id]) => id), values: toUnitLength(values, dim), dim };
}

/** Scales each row to unit length in place; zero rows stay. */
export function toUnitLength(values: Float32Array, dim: number): Float32Array {
  for (let start = 0; start < values.length; start += dim) {
    let squared = 0;
    for (let axis = start; axis < start + dim; axis += 1) squared += values[axis]! ** 2;
    if (!(squared > 0)) continue;
    const scale = 1 / Math.sqrt(squared);
    for (let axis = start; axis < start + dim; axis += 1) values[axis]! *= scale;
  }
  return values;
}

/** Pairs drawn for the relevance threshold. */
const THRESHOLD_PAIRS = 1_000_000;
const THRESHOLD_QUANTILE = 0.999;
/** Items with fewer train actions often share one vector, and would raise the quantile. */
const MIN_ACTIONS_FOR_THRESHOLD = 2;

/**
 * The cosine from which an item counts as near another: the 99.9 % quantile over random pairs of
 * different items with at least two train actions. `counts` are train actions by row; `setOf` is
 * the set of a row, and pairs are of one set.
 */
export function relevanceThreshold(
  { values, dim }: ItemVectors,
  counts: ArrayLike<number>,
  setOf: Uint8Array,
  seed: number,
): number {
  const rowsOfSet: number[][] = Array.from({ length: 256 }, () => []);
  for (let row = 0; row < counts.length; row += 1)
    if (counts[row]! >= MIN_ACTIONS_FOR_THRESHOLD) rowsOfSet[setOf[row]!]!.push(row);
  const population = rowsOfSet.filter((peers) => peers.length > 1).flat();
  if (population.length < 2)
    throw new InputError(
      "the relevance threshold needs two items with vectors and two train actions each: pass " +
        "--threshold COSINE, or check that the ids of the vectors are those of the actions.",
    );
  const random = openRandom(seed);
  const cosines = new Float64Array(THRESHOLD_PAIRS);
  let drawnPairs = 0;
  while (drawnPairs < THRESHOLD_PAIRS) {
    const a = population[random.below(population.length)]!;
    const peers = rowsOfSet[setOf[a]!]!;
    const b = peers[random.below(peers.length)]!;
    if (a === b) continue;
    let cosine = 0;
    for (let axis = 0; axis < dim; axis += 1)
      cosine += values[a * dim + axis]! * values[b * dim + axis]!;
    cosines[drawnPairs] = cosine;
    drawnPairs += 1;
  }
  return cosines.sort()[Math.floor(THRESHOLD_QUANTILE * THRESHOLD_PAIRS)]!;
}
