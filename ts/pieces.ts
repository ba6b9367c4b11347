/** The pieces, for those who compose their own. They are synchronous: `await init()` once before. */
import {
  checkFinite,
  checkInteger,
  checkItemId,
  checkKeys,
  checkPositive,
  checkVector,
  inspect,
} from "./check.js";
import { init as load, type WasmSource, withCore } from "./core/glue.js";
import type { CoreOptions } from "./core/interface.js";
import type { ProfileOptions } from "./core/options.js";
import { encodeProfileOptions } from "./core/options.js";
import { SageError } from "./errors.js";
import { computeProfile, describeProfile } from "./sage/profile.js";
import type { Action, Clustering, Profile } from "./sage/types.js";

const PROFILE_OPTIONS = ["cut", "singletons", "halfLifeDays", "lambda", "spread", "memory"];

/** The options of the pieces: how to cluster, for vectors of which length. */
export interface PieceOptions extends ProfileOptions {
  dim: number;
  /** The spread of the catalogue the vectors come from (`catalogue.spread`), which the "auto" and `{ spread }` cuts are measured in. */
  spread?: number;
}

/** Eight vectors of eight numbers. */
const WARM_UP_VECTORS = Float32Array.from({ length: 64 }, (_, at) => Math.sin(at * at));
let initialising: Promise<void> | undefined;

/**
 * Loads the wasm. Only the synchronous pieces (`cluster`, `ward`, `buildProfile`, `blend`, `project`) need it: everything asynchronous loads it itself.
 * Eight vectors are clustered then, which takes 2 to 3 ms: engines compile a function when it is called first, and the first real call should
 * not wait for that.
 *
 * Give a `source` where the bundler does not carry the file along, or to load it from your own place; it is used by the first call only.
 * Rejects with "not-ready" when the wasm cannot be loaded; a later call tries again.
 */
export function init(source?: WasmSource | Promise<WasmSource>): Promise<void> {
  initialising ??= loadAndWarmUp(source).catch((error: unknown) => {
    initialising = undefined;
    throw error;
  });
  return initialising;
}

async function loadAndWarmUp(source?: WasmSource | Promise<WasmSource>): Promise<void> {
  await load(source);
  cluster(WARM_UP_VECTORS, { dim: 8 });
}

/** Ward clustering of row-major n x dim vectors: O(n^2 dim) time, at most `memory` bytes. Ties: the lowest row wins. No rows: no clusters. */
export function cluster(
  vectors: Float32Array,
  options: PieceOptions & { weights?: Float64Array },
): Clustering {
  const given = checkArguments("cluster", vectors, options, PROFILE_OPTIONS);
  return withCore((core) => core.cluster(...given));
}

/**
 * The tree of `cluster` alone, for those who cut or draw it themselves (SciPy's `linkage`): n - 1 merges of [a, b, height, size] in a row,
 * ascending; a and b below n are rows, n + t is the union of merge t. Heights are squared: the root of one is SciPy's. `weights` are the sizes of
 * the rows. Time, memory, ties and errors as `cluster`, without its cut, labels and medoids. Fewer than two rows: no merges.
 */
export function ward(
  vectors: Float32Array,
  options: { dim: number; weights?: Float64Array; memory?: number },
): Float64Array {
  const given = checkArguments("ward", vectors, options, ["memory"]);
  return withCore((core) => core.ward(...given));
}

/** The interests behind these actions at the time `now`: what `sage.profile()` gives, without keeping anything. */
export function buildProfile(
  actions: readonly (Required<Pick<Action, "item" | "vector" | "at">> & Pick<Action, "weight">)[],
  options: PieceOptions & { now: number },
): Profile {
  checkKeys("buildProfile", options, ["dim", "now", ...PROFILE_OPTIONS]);
  const dim = checkInteger("buildProfile: dim", options.dim);
  const now = checkFinite("buildProfile: now", options.now);
  const weighed = actions.map(({ item, vector, at, weight }, index) => {
    const where = `buildProfile: action ${index}`;
    return {
      item: checkItemId(`${where}: item`, item),
      vector: checkVector(where, vector, dim),
      at: checkFinite(`${where}: at`, at),
      weight: weight === undefined ? 1 : checkPositive(`${where}: weight`, weight),
    };
  });
  const built = computeProfile(weighed, dim, now, encodeProfileOptions(options, options.spread));
  return describeProfile(built, weighed, dim, now).profile;
}

/** The rows of n x dim vectors in two dimensions, each in [-1, 1]: their first two principal components, n x 2. For pictures. */
export function project(vectors: Float32Array, options: { dim: number }): Float32Array {
  checkKeys("project", options, ["dim"]);
  checkMatrix("project", vectors);
  const dim = checkInteger("project: dim", options.dim);
  return withCore((core) => core.project(vectors, dim));
}

/** What is clustered, as the core takes it. */
function checkArguments(
  where: string,
  vectors: Float32Array,
  options: PieceOptions & { weights?: Float64Array },
  known: readonly string[],
): [Float32Array, number, Float64Array | undefined, CoreOptions] {
  checkKeys(where, options, ["dim", "weights", ...known]);
  checkMatrix(where, vectors);
  return [
    vectors,
    checkInteger(`${where}: dim`, options.dim),
    options.weights,
    encodeProfileOptions(options, options.spread),
  ];
}

function checkMatrix(where: string, vectors: unknown): void {
  if (!(vectors instanceof Float32Array)) {
    throw new SageError(
      "option",
      `${where}: expected the vectors as one Float32Array, row after row, saw ${inspect(vectors)}.`,
    );
  }
}
