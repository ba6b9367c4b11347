/** The prior that a sage sees: the popularity that was known at the cut of a case. */
import type { Catalogue } from "../../index.js";

/**
 * The catalogue with `popularity`, one value a row, as its prior. Catalogues have no prior yet: it
 * is returned as it is.
 */
export async function openPrior(
  catalogue: Catalogue,
  _popularity: Float64Array,
): Promise<Catalogue> {
  return catalogue;
}
