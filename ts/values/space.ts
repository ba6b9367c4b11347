/** Names of vector spaces: vectors of two models can have one length, and must not be mixed. */

import { SageError } from "../errors.js";
import { isItemId, unexpected } from "./check.js";
import { LIMITS } from "./limits.js";

/** An object with vectors. */
export interface InSpace {
  /** Name of the vector space; undefined for an unnamed one, which mixes with every other. */
  readonly space?: string | undefined;
}

/** The option `space`, validated: undefined, or a name of 1 to 128 UTF-16 units. */
export function checkSpace(where: string, { space }: InSpace): string | undefined {
  if (space === undefined || (isItemId(space) && space.length <= LIMITS.maxSpaceCharacters))
    return space;
  throw unexpected(
    `${where}: space`,
    `a name of 1 to ${LIMITS.maxSpaceCharacters} characters`,
    space,
  );
}

/** The one space of all objects that have a name. Throws "dimension" for two names. */
export function commonSpace(objects: readonly (InSpace | undefined)[]): string | undefined {
  const [space, other] = new Set(objects.flatMap((object) => object?.space ?? []));
  if (other === undefined) return space;
  throw new SageError(
    "dimension",
    `Vectors of two spaces, "${space}" and "${other}": use those of one model, or convert the ` +
      "history with pocketsage/migrate.",
  );
}
