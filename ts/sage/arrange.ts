/** From the mixture to the order of display: pure steps, each from candidates to candidates. */

import type { Candidate, Mixture } from "./mix.js";
import type { Plan } from "./plan.js";

/** Places at the beginning, one for each of the most important interests. */
const FIRST_PLACES = 6;
/** Items nearest to an interest that can take its place. */
const NEAR_ITEMS = 50;

/** The candidates in display order. */
export function arrange(mixture: Mixture, plan: Plan): Candidate[] {
  return beginWithInterests(mixture, plan);
}

/**
 * Moves one item of each of the most important interests to the beginning: of the items nearest to
 * the interest the best by similarity and prior, if possible one that is nearest to no other
 * interest. The others keep their order.
 */
function beginWithInterests({ candidates, nearItems }: Mixture, { queries }: Plan): Candidate[] {
  const byItem = new Map(candidates.map((candidate) => [candidate.item, candidate]));
  const first = new Set<Candidate>();
  const interests = [...queries.keys()].filter((query) => queries[query]!.interest);
  for (const query of interests.slice(0, FIRST_PLACES)) {
    const near = nearItems(query, NEAR_ITEMS)
      .map((item) => byItem.get(item)!)
      .filter((candidate) => !first.has(candidate));
    const best = near.find(({ nearest }) => nearest === query) ?? near[0];
    if (best) first.add(best);
  }
  return [
    ...candidates.filter((candidate) => first.has(candidate)),
    ...candidates.filter((candidate) => !first.has(candidate)),
  ];
}
