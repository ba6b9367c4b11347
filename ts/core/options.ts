/** Encodes profile options as numbers for the core, which checks their ranges. */

import { SageError } from "../errors.js";
import { checkChoice, checkInteger, inspect, unexpected } from "../values/check.js";
import type { CoreOptions } from "./interface.js";

/**
 * Where the Ward tree is cut into interests. Merges up to and including the threshold are kept.
 *
 * - `"auto"`, for interests that people see: one interest more than the tree has merges of unlike
 *   halves, which are undone. Halves are unlike if the mean squared distance between their actions
 *   is about 0.825 D for two items, up to 0.9 D for many. D is the catalogue's spread, at most (and
 *   without a catalogue) 1.69 times the mean squared length of the vectors. So two unit vectors of
 *   a cosine below 0.4 are two interests.
 * - `threshold`: a height in the Ward tree, at least 0: a squared distance, by Lance-Williams.
 * - `cosine`: the similarity in [-1, 1] at which two single actions of unit length still merge;
 *   threshold = 2 (1 - cosine).
 * - `count`: the number of interests, a whole number of at least 1; fewer if there are fewer
 *   actions.
 * - `spread`: the threshold as a multiple, at least 0, of the catalogue's spread (the mean squared
 *   distance between its items). Throws code "option" where there is no spread.
 */
export type Cut =
  | "auto"
  | { threshold: number }
  | { cosine: number }
  | { count: number }
  | { spread: number };

/** How actions are clustered into interests. A value out of range throws code "option". */
export interface ProfileOptions {
  /** Where the tree is cut. Default: "auto". */
  cut?: Cut;
  /**
   * What becomes of a cluster of one action: "keep" makes it an interest, "drop" leaves it out of
   * all interests, "attach" adds it to the interest with the nearest mean (if all clusters are
   * singletons, they are kept). Default: "keep".
   */
  singletons?: "keep" | "drop" | "attach";
  /**
   * Days after which an action counts half: lambda = ln 2 / halfLifeDays. Above 0; `Infinity` means
   * no decay. Cannot be combined with `lambda`. Default: the half-life of the default `lambda`.
   */
  halfLifeDays?: number;
  /**
   * Decay per day (PinnerSage, Eq. 3): an action counts e^(-lambda days). At least 0. Default:
   * 0.01, a half-life of 69 days.
   */
  lambda?: number;
  /**
   * Maximum bytes for clustering, vectors included, at least 0. The result does not depend on it;
   * more can be faster. Throws code "memory" if the actions do not fit. Default: 128 MiB, or what
   * `maxActions` of `openSage` need (10 `dim` + 81 bytes each), if that is more.
   */
  memory?: number;
}

// Ordered as the enums in src/options.rs: the core receives the index.
const CUT_KINDS = ["auto", "threshold", "cosine", "count", "spread"];
const SINGLETON_CHOICES = ["keep", "drop", "attach"];

/**
 * Encodes the options for the core. `spread` is the spread of the catalogue, undefined without one.
 * A spread of 0 (a catalogue without two different vectors) counts as undefined.
 */
export function encodeProfileOptions(
  options: ProfileOptions,
  spread: number | undefined,
): CoreOptions {
  const { cut = "auto", singletons = "keep", halfLifeDays, lambda, memory } = options;
  return Float64Array.of(
    ...encodeCut(cut),
    checkChoice("singletons", singletons, SINGLETON_CHOICES),
    numberOrNaN("halfLifeDays", halfLifeDays),
    numberOrNaN("lambda", lambda),
    spread === 0 ? NaN : numberOrNaN("spread", spread),
    numberOrNaN("memory", memory),
  );
}

function encodeCut(cut: unknown): [kind: number, value: number] {
  if (cut === "auto") return [0, NaN];
  const entries = typeof cut === "object" && cut !== null ? Object.entries(cut) : [];
  const [kind, value] = entries[0] ?? [];
  if (
    entries.length !== 1 ||
    kind === "auto" ||
    !CUT_KINDS.includes(kind!) ||
    value === undefined
  ) {
    const seenCut =
      entries.length > 0 ? `{ ${entries.map(([key]) => key).join(", ")} }` : inspect(cut);
    throw new SageError(
      "option",
      `cut: expected "auto", { threshold }, { cosine }, { count } or { spread }, saw ${seenCut}.`,
    );
  }
  const check = kind === "count" ? checkInteger : numberOrNaN;
  return [CUT_KINDS.indexOf(kind!), check(`cut.${kind}`, value)];
}

/** Returns the number, or NaN, which means "not given" to the core, for undefined. */
function numberOrNaN(where: string, value: unknown): number {
  if (value === undefined) return NaN;
  if (typeof value === "number" && !Number.isNaN(value)) return value;
  throw unexpected(where, "a number", value);
}
