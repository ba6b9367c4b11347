/** From the mixture to the order of display: pure steps, each from candidates to candidates. */

import type { Catalogue } from "../catalogue/catalogue.js";
import { diversify } from "./diversify.js";
import type { Candidate, Mixture } from "./mix.js";
import type { Plan } from "./plan.js";

/** Number of places at the beginning, one for each of the most important interests. */
const FIRST_PLACES = 6;
/** Items nearest to an interest that can take its place. */
const NEAR_ITEMS = 50;
/** An interest gets no place if steering lowers the bonus of its best item to this or below. */
const MIN_BONUS = -1.5;

/** The candidates in display order. */
export function arrange(
  mixture: Mixture,
  plan: Plan,
  catalogue: Catalogue | undefined,
): Candidate[] {
  const first = firstOfInterests(mixture, plan);
  const ordered: Candidate[] = [];
  const others: Candidate[] = [];
  for (const candidate of mixture.candidates)
    (first.has(candidate) ? ordered : others).push(candidate);
  return diversify(ordered, others, plan, catalogue);
}

/**
 * For each of the most important interests, one item for the first places: the best by similarity
 * and prior among the items nearest to the interest, preferably one nearest to no other interest.
 */
function firstOfInterests(
  { candidates, size, nearItems }: Mixture,
  { queries }: Plan,
): Set<Candidate> {
  const byKey = new Array<Candidate | undefined>(size);
  for (const candidate of candidates) byKey[candidate.key] = candidate;
  const first = new Set<Candidate>();
  const interests = [...queries.keys()].filter((query) => queries[query]!.interest);
  for (const query of interests.slice(0, FIRST_PLACES)) {
    const nearCandidates = nearItems(query, NEAR_ITEMS)
      .flatMap(({ key, utility }) => {
        const candidate = byKey[key];
        return candidate && !first.has(candidate)
          ? { candidate, utility: utility + candidate.bonus }
          : [];
      })
      .sort((a, b) => b.utility - a.utility)
      .map(({ candidate }) => candidate);
    const bestCandidate =
      nearCandidates.find(({ nearest }) => nearest === query) ?? nearCandidates[0];
    if (bestCandidate && bestCandidate.bonus > MIN_BONUS) first.add(bestCandidate);
  }
  return first;
}
