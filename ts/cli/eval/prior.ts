/** The prior that a sage sees: the popularity that was known at the cut of a case. */
import type { Catalogue } from "../../index.js";

/** Replaces the priors of the catalogue by `popularity`, one value a row; `ids` are its rows. */
export function applyPrior(
  catalogue: Catalogue,
  ids: readonly string[],
  popularity: Float64Array,
): void {
  catalogue.setPriors(ids.map((id, row) => [id, popularity[row]!] as const));
}
