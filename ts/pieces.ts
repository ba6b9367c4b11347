/**
 * The building blocks of a sage as synchronous functions, for programs that combine them in another
 * way. Call `await init()` once before the first of them.
 */

import { init as load, type WasmSource, whenIdle, withCore } from "./core/glue.js";
import type { CoreOptions } from "./core/interface.js";
import type { ProfileOptions } from "./core/options.js";
import { encodeProfileOptions } from "./core/options.js";
import type { VectorLike } from "./item.js";
import { computeProfile, copyProfile, describeProfile } from "./sage/profile.js";
import { checkTime } from "./sage/time.js";
import type { Action, Clustering, Profile } from "./sage/types.js";
import {
  checkDim,
  checkFloat32,
  checkFloat64,
  checkItemId,
  checkKeys,
  checkList,
  checkVector,
  checkWeight,
} from "./values/check.js";

const PROFILE_OPTION_NAMES = ["cut", "singletons", "halfLifeDays", "lambda", "spread", "memory"];

/** Options of {@link cluster} and {@link buildProfile}. */
export interface PieceOptions extends ProfileOptions {
  /** Number of components of each vector: a whole number from 1 to 32,768. */
  dim: number;
  /**
   * The spread of the catalogue that the vectors come from (`catalogue.spread`), the unit of the
   * "auto" and `{ spread }` cuts. Default: none; "auto" then uses the length of the vectors.
   */
  spread?: number;
}

/** 32 vectors of eight components, which `init` clusters: fewer leave out some functions. */
const WARM_UP_VECTORS = Float32Array.from({ length: 256 }, (_, index) => Math.sin(index * index));
/** The running or finished load of the wasm; undefined before the first and after a failed one. */
let initialising: Promise<void> | undefined;

/**
 * Loads the wasm. The synchronous functions (`cluster`, `ward`, `buildProfile`, `project`) need
 * it; asynchronous ones load it themselves. Idempotent: concurrent and later calls share one
 * load.
 *
 * Also clusters 32 vectors, which takes 2 to 3 ms: JavaScript engines compile a wasm function on
 * its first call, and the first real call should not wait for that. Where there is
 * `requestIdleCallback` (pages), that follows when the page is idle.
 *
 * `source` overrides where the wasm is loaded from, as for a bundler that does not include the
 * file; only the first successful call uses it. Rejects with code "not-ready" if the wasm cannot be
 * loaded; a later call tries again.
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
  whenIdle(() => cluster(WARM_UP_VECTORS, { dim: 8 }));
}

/**
 * Ward clustering (PinnerSage, Algorithm 1) of the rows of an n x dim matrix, with cut and medoids.
 *
 * `weights` has one weight per row, from 1e-6 to 1e6: a row of weight 2 counts as two equal rows.
 * Default: 1 each. Ties: the lowest row wins. O(n^2 dim) time, at most `memory` bytes. No rows: no
 * clusters. Throws code "dimension" for lengths that do not match, "not-finite", "option",
 * "memory", or "not-ready" before {@link init}.
 */
export function cluster(
  vectors: VectorLike,
  options: PieceOptions & { weights?: ArrayLike<number> },
): Clustering {
  const args = toCoreArguments("cluster", vectors, options, PROFILE_OPTION_NAMES);
  return withCore((core) => core.cluster(...args));
}

/**
 * The merge tree of {@link cluster}, without its cut, labels and medoids: n - 1 rows of
 * [a, b, height, size] by ascending height, as SciPy's `linkage` returns. Indices below n are rows;
 * n + t is the union of merge t. Heights are squared: their roots are SciPy's. `size` is the sum of
 * weights. Fewer than two rows: an empty array. `weights`, `memory`, running time, ties and errors
 * are those of `cluster`.
 */
export function ward(
  vectors: VectorLike,
  options: { dim: number; weights?: ArrayLike<number>; memory?: number },
): Float64Array {
  const args = toCoreArguments("ward", vectors, options, ["memory"]);
  return withCore((core) => core.ward(...args));
}

/**
 * Computes the interests of `actions` at the time `now` (milliseconds since the epoch): the result
 * of `sage.profile()`, without a sage. An action after `now` counts as done at `now`. `weight` is
 * from 1e-6 to 1e6; default: 1. No actions: no interests. Running time and errors are those of
 * {@link cluster}.
 */
export function buildProfile(
  actions: readonly (Required<Pick<Action, "item" | "vector" | "at">> & Pick<Action, "weight">)[],
  options: PieceOptions & { now: number },
): Profile {
  checkKeys("buildProfile", options, ["dim", "now", ...PROFILE_OPTION_NAMES]);
  const dim = checkDim("buildProfile: dim", options.dim);
  const now = checkTime("buildProfile: now", options.now);
  const given: Iterable<Partial<Action>> = checkList("buildProfile", actions, "actions");
  const weightedActions = Array.from(given, (action: Partial<Action> | null | undefined, index) => {
    const where = `buildProfile: action ${index}`;
    const { item, vector, at, weight } = action ?? {};
    return {
      item: checkItemId(`${where}: item`, item),
      vector: checkVector(where, vector, dim),
      at: checkTime(`${where}: at`, at),
      weight: weight === undefined ? 1 : checkWeight(`${where}: weight`, weight),
    };
  });
  const coreProfile = computeProfile(
    weightedActions,
    dim,
    now,
    encodeProfileOptions(options, options.spread),
  );
  return copyProfile(describeProfile(coreProfile, weightedActions, dim, now).profile);
}

/**
 * A map of the rows of an n x dim matrix: their first two principal components as an n x 2 matrix,
 * scaled by one factor into [-1, 1]. Deterministic; O(n dim). If all rows are equal, they are at
 * (0, 0). No rows: an empty array. Throws code "dimension", "not-finite", "option", or "not-ready"
 * before {@link init}.
 */
export function project(vectors: VectorLike, options: { dim: number }): Float32Array {
  checkKeys("project", options, ["dim"]);
  const matrix = checkFloat32("project", vectors);
  const dim = checkDim("project: dim", options.dim);
  return withCore((core) => core.project(matrix, dim));
}

/** Validates the arguments of `cluster` or `ward` and converts them to those of the core. */
function toCoreArguments(
  where: string,
  vectors: VectorLike,
  options: PieceOptions & { weights?: ArrayLike<number> },
  knownOptionNames: readonly string[],
): [Float32Array, number, Float64Array | undefined, CoreOptions] {
  checkKeys(where, options, ["dim", "weights", ...knownOptionNames]);
  return [
    checkFloat32(where, vectors),
    checkDim(`${where}: dim`, options.dim),
    options.weights === undefined ? undefined : checkFloat64(`${where}: weights`, options.weights),
    encodeProfileOptions(options, options.spread),
  ];
}
