/** The name of the vector space of a catalogue that is built. */
import type { Metric } from "../../catalogue/options.js";
import { init, withCore } from "../../core/glue.js";
import { uint32ToHex } from "../../values/bytes.js";
import { UsageError } from "../command-error.js";
import { type Axes, axesToNpy } from "./reduce.js";

/** Leaves room for dimension, normalisation and reduction in a name of 128 characters. */
const MAX_MODEL_CHARACTERS = 80;

/**
 * The option --space, MODEL or MODEL@REVISION, checked; undefined without it. Throws a UsageError
 * for a name that is empty or too long.
 */
export function parseModel(model: string | undefined): string | undefined {
  if (model === undefined || (/^[^\s/][^\s]*$/.test(model) && model.length <= MAX_MODEL_CHARACTERS))
    return model;
  throw new UsageError(
    `--space: expected MODEL or MODEL@REVISION, at most ${MAX_MODEL_CHARACTERS} characters ` +
      `without spaces, saw "${model}"`,
  );
}

/**
 * The name of the space of the vectors as read: `given`, the name in a catalogue that is the input,
 * or else the model with the dimension and whether vectors are scaled to unit length. Undefined for
 * neither. Throws a UsageError for both.
 */
export function nameSpace(
  model: string | undefined,
  given: string | undefined,
  dim: number,
  metric: Metric,
): string | undefined {
  if (model === undefined) return given;
  if (given !== undefined)
    throw new UsageError(`--space: the items are of the space "${given}": leave the option out`);
  return `${model}/${dim}/${metric === "cosine" ? "unit" : "raw"}`;
}

/**
 * The default of --space for vectors that a build computes from its items: `source` and a checksum
 * of the vectors. Builds of other items have other vectors, and so a space of another name.
 */
export async function nameComputedModel(
  source: string,
  vectors: readonly Float32Array[],
): Promise<string> {
  await init();
  const dim = vectors[0]!.length;
  const values = new Float32Array(vectors.length * dim);
  for (const [row, vector] of vectors.entries()) values.set(vector, row * dim);
  return `${source}-${checksumOf(new Uint8Array(values.buffer))}`;
}

/** The name of the space of reduced vectors. `axes`: of PCA; undefined for truncation. */
export function nameReducedSpace(
  space: string | undefined,
  dims: number,
  axes: Axes | undefined,
): string | undefined {
  if (space === undefined) return undefined;
  if (!axes) return `${space}/first-${dims}`;
  // The axes depend on the items: each set of items has a space of its own.
  return `${space}/pca-${dims}-${checksumOf(axesToNpy(axes))}`;
}

/** The checksum of bytes, as 8 hexadecimal digits. */
function checksumOf(bytes: Uint8Array): string {
  return uint32ToHex(withCore((core) => core.checksum(bytes)));
}
