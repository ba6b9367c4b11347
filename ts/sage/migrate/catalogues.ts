/** Validation of the two catalogues of a migration. */
import { Catalogue } from "../../catalogue/catalogue.js";
import { SageError } from "../../errors.js";
import { inspect } from "../../values/check.js";

/** Throws code "option" unless both are catalogues. */
export function checkCatalogues(from: unknown, to: unknown): void {
  for (const [name, value] of Object.entries({ from, to }))
    if (!(value instanceof Catalogue))
      throw new SageError(
        "option",
        `migrate: ${name}: expected a Catalogue of this package, saw ${inspect(value)}.`,
      );
}
