/**
 * Subset selection: the locally differentially private release of one cell as a set of w of K
 * cells. The true cell is in the set with probability p = e^eps w / (e^eps w + K - w), the others
 * are uniform without replacement (Ye and Barg 2018; w = 1 is k-ary randomised response).
 */
import { SageError } from "../errors.js";
import { checkInteger, checkPositive } from "../values/check.js";
import { MAX_CELLS, MIN_CELLS } from "./cells/format.js";
import { DRAW_RANGE, type Draw, drawDistinct } from "./random.js";

/** Largest epsilon of one release. At 16 the true cell is disclosed but for 1 in 10 million. */
export const MAX_EPSILON = 16;

/** A mechanism with an integer threshold, and the epsilon that follows from it. */
export interface SubsetMechanism {
  readonly cells: number;
  /** Size of the released set, w. */
  readonly size: number;
  /** The true cell is in the set if a uniform number below 2^48 is below this one. */
  readonly threshold: number;
  /** Realised epsilon: the log of the largest likelihood ratio. At most the requested one. */
  readonly epsilon: number;
}

/**
 * The mechanism for K cells, sets of `size`, and at most `epsilon`. Throws code "option" or
 * "not-finite" for values out of range.
 */
export function subsetMechanism(options: {
  cells: number;
  size: number;
  epsilon: number;
}): SubsetMechanism {
  const cells = checkInteger("cells", options.cells, MIN_CELLS, MAX_CELLS);
  const size = checkInteger("size", options.size, 1, cells);
  const requested = checkPositive("epsilon", options.epsilon, MAX_EPSILON);
  // A set of all cells reveals nothing.
  if (size === cells) return { cells, size, threshold: DRAW_RANGE, epsilon: 0 };
  const odds = (Math.exp(requested) * size) / (cells - size);
  let threshold = Math.floor((DRAW_RANGE * odds) / (1 + odds));
  // Rounding of the division may exceed the request by one unit.
  while (epsilonOf(cells, size, threshold) > requested) threshold -= 1;
  const epsilon = epsilonOf(cells, size, threshold);
  if (epsilon >= 0) return { cells, size, threshold, epsilon };
  throw new SageError(
    "option",
    `epsilon: ${requested} is below the resolution of 2^-48: expected a larger epsilon.`,
  );
}

/**
 * A set with the true cell has probability t / 2^48 / C(K-1, w-1), another one
 * (1 - t / 2^48) / C(K-1, w). The quotient is e^eps.
 */
function epsilonOf(cells: number, size: number, threshold: number): number {
  return Math.log((threshold / (DRAW_RANGE - threshold)) * ((cells - size) / size));
}

/** Draws a released set, in ascending order, so that the order reveals nothing. O(w log w). */
export function drawSubset(
  { cells, size, threshold }: SubsetMechanism,
  trueCell: number,
  draw: Draw,
): number[] {
  const isIn = draw.below(DRAW_RANGE) < threshold;
  const otherCells = drawDistinct(cells - 1, size - (isIn ? 1 : 0), draw).map((other) =>
    other < trueCell ? other : other + 1,
  );
  return [...otherCells, ...(isIn ? [trueCell] : [])].sort((a, b) => a - b);
}
