/** The prior that a sage sees: the popularity that was known at the cut of a case. */
import type { Catalogue } from "../../index.js";

/** A catalogue that can hold one prior for each item. */
interface WithPriors {
  setPriors?(priors: Iterable<readonly [item: string, prior: number]>): number;
}

/** Replaces the priors of the catalogue by `popularity`, one value a row; `ids` are its rows. */
export function applyPrior(
  catalogue: Catalogue & WithPriors,
  ids: readonly string[],
  popularity: Float64Array,
): void {
  catalogue.setPriors?.(ids.map((id, row) => [id, popularity[row]!] as const));
}
