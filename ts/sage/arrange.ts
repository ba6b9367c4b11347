/** From the mixture to the order of display: pure steps, each from candidates to candidates. */

import type { Candidate } from "./mix.js";
import type { Plan } from "./plan.js";

/** Places in which each of the most important interests has an item. */
const FIRST_PLACES = 6;
/** Number of these interests. */
const COVERED_INTERESTS = 5;
/** Least weight of such an interest among all interests; a short history has no such limit. */
const MIN_COVERED_SHARE = 0.1;

/** The candidates in display order. */
export function arrange(candidates: readonly Candidate[], plan: Plan): Candidate[] {
  return coverInterests(candidates, plan);
}

/**
 * Moves the best item of each important interest up to the first places, if none of its items is
 * there. The other items keep their order.
 */
function coverInterests(candidates: readonly Candidate[], plan: Plan): Candidate[] {
  const interests = [...plan.queries.keys()].filter((query) => plan.queries[query]!.interest);
  const total = interests.reduce((sum, query) => sum + plan.queries[query]!.weight, 0);
  const minWeight = plan.isShort ? 0 : MIN_COVERED_SHARE * total;
  const covered = interests
    .slice(0, COVERED_INTERESTS)
    .filter((query) => plan.queries[query]!.weight >= minWeight);
  const first = new Set(
    covered.flatMap((query) => candidates.find(({ nearest }) => nearest === query) ?? []),
  );
  for (const candidate of candidates) {
    if (first.size >= FIRST_PLACES) break;
    first.add(candidate);
  }
  return [
    ...candidates.filter((candidate) => first.has(candidate)),
    ...candidates.filter((candidate) => !first.has(candidate)),
  ];
}
