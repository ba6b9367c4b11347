/** Diversity within a list: maximal marginal relevance (Carbonell and Goldstein 1998). */

import { type Catalogue, rowsOf } from "../catalogue/catalogue.js";
import { dot, toUnit } from "../core/matrix.js";
import type { Candidate } from "./mix.js";
import type { Plan } from "./plan.js";

/** Number of candidates that are reordered; the others follow in their order. */
const WINDOW = 300;

/**
 * The candidates of `first`, then those of `others`. The next candidate is the one with the
 * greatest (1 - diversity) x utility - diversity x (highest cosine to an earlier one); ties: the
 * first. Without vectors, the cosine of two items of one interest is the product of their own.
 */
export function diversify(
  first: readonly Candidate[],
  others: readonly Candidate[],
  { diversity, offset, count }: Plan,
  catalogue: Catalogue | undefined,
): Candidate[] {
  if (diversity === 0) return [...first, ...others];
  const ordered = [...first];
  const compared = [...first, ...others.slice(0, WINDOW)].map(({ item }) => item);
  const rawVectors = catalogue && rowsOf(catalogue).vectors(compared);
  const vectors = new Map(
    compared.map((item, index) => [item, rawVectors?.[index] && toUnit(rawVectors[index])]),
  );
  const similarity = (a: Candidate, b: Candidate): number => {
    const left = vectors.get(a.item);
    const right = vectors.get(b.item);
    if (left && right) return dot(left, right);
    return a.nearest >= 0 && a.nearest === b.nearest ? a.similarity * b.similarity : 0;
  };
  /** The highest similarity of each remaining candidate to the ordered ones. */
  const highestSimilarity = new Map(
    others
      .slice(0, WINDOW)
      .map((candidate) => [
        candidate,
        first.reduce((max, other) => Math.max(max, similarity(candidate, other)), -1),
      ]),
  );
  while (highestSimilarity.size > 0 && ordered.length < offset + count) {
    let best: Candidate | undefined;
    let bestValue = -Infinity;
    for (const [candidate, similar] of highestSimilarity) {
      const value = (1 - diversity) * candidate.utility - diversity * similar;
      if (!best || value > bestValue) {
        best = candidate;
        bestValue = value;
      }
    }
    highestSimilarity.delete(best!);
    ordered.push(best!);
    for (const [candidate, similar] of highestSimilarity)
      highestSimilarity.set(candidate, Math.max(similar, similarity(candidate, best!)));
  }
  return [...ordered, ...highestSimilarity.keys(), ...others.slice(WINDOW)];
}
