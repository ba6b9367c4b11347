/** The prior of the sages under test: popularity from the actions before the cut of a case. */
import type { Catalogue } from "../../index.js";

/** Replaces the priors of the catalogue by `popularity`, which has one value per id of `ids`. */
export function applyPrior(
  catalogue: Catalogue,
  ids: readonly string[],
  popularity: Float64Array,
): void {
  catalogue.setPriors(ids.map((id, row) => [id, popularity[row]!] as const));
}
