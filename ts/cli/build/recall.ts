/** Recall: what a catalogue finds, against all pairs in double precision over the vectors as they were given. */
import type { Catalogue, CatalogueItem } from "../../catalogue/catalogue.js";
import { draw } from "./inverted-lists.js";

const NEIGHBOURS = 10;
const MOST_QUERIES = 100;
const LEAST_QUERIES = 20;
/** Products that may be spent. */
const WORK = 1e9;
/** Items whose scores differ by less are as good as each other: they were not told apart in single precision either. */
const TIE = 1e-6;

/**
 * The share of the 10 nearest that is found, over queries that are not in the catalogue: each is an item's vector, moved halfway to another
 * item's. Deterministic.
 */
export function measureRecall(
  catalogue: Catalogue,
  items: readonly CatalogueItem[],
  at: (share: number) => void,
): { recall: number; queries: number } {
  const { dim, metric } = catalogue;
  const queries = Math.max(
    LEAST_QUERIES,
    Math.min(MOST_QUERIES, Math.floor(WORK / (items.length * dim))),
  );
  const chosen = draw(items, 2 * queries);
  const lengths = items.map(([, vector]) => Math.sqrt(dot(vector, vector)) || 1);
  const score = (query: Float32Array, row: number): number => {
    const vector = items[row]![1];
    const product = dot(query, vector);
    if (metric === "ip") return product;
    return metric === "l2" ? 2 * product - lengths[row]! ** 2 : product / lengths[row]!;
  };
  let found = 0;
  let wanted = 0;
  for (let pair = 0; pair + 1 < chosen.length; pair += 2) {
    const other = chosen[pair + 1]![1];
    const query = chosen[pair]![1].map((number, axis) => (number + other[axis]!) / 2);
    const scores = new Map(items.map(([item], row) => [item, score(query, row)]));
    const best = Float64Array.from(scores.values()).sort().reverse();
    const enough = best[Math.min(NEIGHBOURS, best.length) - 1]!;
    const scale = Math.sqrt(dot(query, query)) || 1;
    const hits = catalogue.search(query, { count: NEIGHBOURS, variants: true });
    found += hits.filter((hit) => scores.get(hit.item)! >= enough - TIE * scale).length;
    wanted += Math.min(NEIGHBOURS, best.length);
    at((pair + 2) / chosen.length);
  }
  return { recall: wanted > 0 ? found / wanted : 1, queries: Math.floor(chosen.length / 2) };
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let axis = 0; axis < a.length; axis += 1) sum += a[axis]! * b[axis]!;
  return sum;
}
