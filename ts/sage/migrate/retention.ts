/** Measures how many of the nearest neighbours of items a bridge preserves. */
import { type Catalogue, rowsOf } from "../../catalogue/catalogue.js";
import type { ItemId } from "../../item.js";

/** Neighbours per held-out item. */
const NEIGHBOURS = 10;
/** Maximum number of held-out items that are queries. */
const MAX_QUERIES = 500;

/** The quality of a bridge, measured on items that it was not fitted on. */
export interface BridgeReport {
  /** Names of both vector spaces; absent where they have none. */
  readonly from?: string;
  readonly to?: string;
  /** Items with an id in both catalogues that were used, at most 10,000. */
  readonly sharedItems: number;
  /** Number of items that the bridge was fitted on. */
  readonly fitted: number;
  /** Number of other items, on which this report was measured. */
  readonly heldOut: number;
  /** Strength of the pull towards an orthogonal map, as chosen. */
  readonly penalty: number;
  /**
   * The neighbourhood kept: the ten items nearest to a converted vector are compared with the item
   * itself, in the new space, and their mean score is divided by that of its ten true neighbours.
   * Chance is subtracted from both: 0 is the score of random items, 1 that of the true neighbours.
   */
  readonly retention: number;
  /** The same without subtracting chance: mean score found, divided by the true neighbours'. */
  readonly scoreShare: number;
  /** Share of the ten true neighbours that are among the ten found. */
  readonly recall: number;
}

type MeasuredField = "retention" | "scoreShare" | "recall" | "heldOut" | "from" | "to";

/** Measures a bridge on `heldOut` items, at most 500 of them, evenly chosen. */
export function measureBridge(
  from: Catalogue,
  to: Catalogue,
  convert: (vector: Float32Array) => Float32Array,
  { heldOut, ...rest }: Omit<BridgeReport, MeasuredField> & { heldOut: readonly ItemId[] },
): BridgeReport {
  const count = Math.min(heldOut.length, MAX_QUERIES);
  const items = Array.from(
    { length: count },
    (_, index) => heldOut[Math.floor((index * heldOut.length) / count)]!,
  );
  const { handle } = rowsOf(to);
  /** The score of the item to each of the others. */
  const scoresOf = (item: ItemId, others: readonly ItemId[]): number[] =>
    handle.with((core) => {
      const rows = Uint32Array.from(others, (other) => core.row(other));
      return [...core.scores(core.vectors(Uint32Array.of(core.row(item))), rows)];
    });
  let foundScore = 0;
  let idealScore = 0;
  let chanceScore = 0;
  let hits = 0;
  let neighbours = 0;
  for (const item of items) {
    const search = { exclude: [item], exact: true, variants: true };
    const vector = to.vector(item)!;
    const trueHits = to.search(vector, { ...search, count: NEIGHBOURS });
    const foundHits = to.search(convert(from.vector(item)!), { ...search, count: NEIGHBOURS });
    const trueItems = new Set(trueHits.map((hit) => hit.item));
    neighbours += trueHits.length;
    idealScore += sum(trueHits.map((hit) => hit.score));
    foundScore += sum(
      scoresOf(
        item,
        foundHits.map((hit) => hit.item),
      ),
    );
    hits += foundHits.filter((hit) => trueItems.has(hit.item)).length;
    const others = items.filter((other) => other !== item);
    chanceScore += (sum(scoresOf(item, others)) / others.length) * trueHits.length;
  }
  return {
    ...(from.space !== undefined && { from: from.space }),
    ...(to.space !== undefined && { to: to.space }),
    ...rest,
    heldOut: count,
    retention: (foundScore - chanceScore) / (idealScore - chanceScore),
    scoreShare: foundScore / idealScore,
    recall: hits / neighbours,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
