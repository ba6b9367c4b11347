/** Recommendations: plan the queries, retrieve, mix the answers, arrange and explain the items. */

import { SageError } from "../errors.js";
import type { ItemId } from "../item.js";
import type { Hit } from "../retriever.js";
import { arrange } from "./arrange.js";
import { explainCandidates } from "./explain.js";
import { packLists } from "./lists.js";
import { type Candidate, mixLists } from "./mix.js";
import type { Settings } from "./options.js";
import type { Plan } from "./plan.js";
import type { ProfileState } from "./profile.js";
import { searchCatalogue } from "./retrieve-local.js";
import { retrieve } from "./retrieve-remote.js";
import { steer } from "./steer.js";
import type { Recommendation } from "./types.js";

/** Each tier of a list requests this many times the hits of the tier before. */
const TIER_GROWTH = 4;

/** Carries out a plan. */
export async function runPlan(
  plan: Plan,
  state: ProfileState,
  settings: Settings,
  signal?: AbortSignal,
): Promise<Recommendation[]> {
  if (!settings.catalogue && !plan.retriever) {
    throw new SageError(
      "option",
      "recommend: no source of items: pass openSage a `catalogue` or a `retriever`.",
    );
  }
  const ranked = await rankCandidates(plan, state, settings, signal);
  const page = ranked.slice(plan.offset, plan.offset + plan.count);
  const reasons = explainCandidates(page, plan, state, settings);
  return page.map(({ item, score }, index) => ({ item, score, because: reasons[index]! }));
}

/**
 * The candidates in display order, at least to the end of the page if there are so many. A list has
 * tiers; each adds the items that more hits per query find. So the place of an item depends on
 * neither `offset` nor `count`, and pages neither overlap nor leave gaps. An item that is left out
 * in one tier, as for a score below the least, stays so.
 */
async function rankCandidates(
  plan: Plan,
  state: ProfileState,
  settings: Settings,
  signal: AbortSignal | undefined,
): Promise<Candidate[]> {
  const { minScore, negatives, retriever } = plan;
  const queries = plan.queries.map(({ query }) => query);
  const ranked: Candidate[] = [];
  /** Items of the tiers before, also those that were left out. */
  const earlierItems = new Set<ItemId>();
  let retrievedCount = 0;
  for (let depth = 1; ; depth *= TIER_GROWTH) {
    let answers: Hit[][] = [];
    if (retriever && queries.length > 0)
      answers = await retrieve(
        retriever,
        [...queries, ...negatives].map((query) => ({ ...query, count: query.count * depth })),
        signal,
      );
    const ownAnswers = answers.slice(0, queries.length);
    const lists = retriever
      ? packLists(ownAnswers, plan.exclude)
      : searchCatalogue(settings.catalogue!, plan, depth, state.searches);
    const mixture = mixLists(lists, plan, settings);
    const steered = steer(mixture, plan, state, settings, answers.slice(queries.length));
    const arranged = arrange(steered, plan, settings.catalogue);
    const addedItems = arranged.filter(({ item }) => !earlierItems.has(item));
    ranked.push(...addedItems);
    if (queries.length === 0 || ranked.length >= plan.offset + plan.count) return ranked;
    // Excluded and muted items count: the next tier may have others.
    const previousCount = retrievedCount;
    retrievedCount = retriever
      ? new Set(ownAnswers.flat().map(({ item }) => item)).size
      : lists.items.length;
    const isLast =
      retriever && queries.every(({ count }, row) => ownAnswers[row]!.length < count * depth);
    const earlierCount = earlierItems.size;
    for (const { item } of mixture.candidates) earlierItems.add(item);
    const isBelowMinScore =
      minScore > -Infinity && addedItems.length === 0 && earlierItems.size > earlierCount;
    if (isLast || isBelowMinScore || retrievedCount === previousCount) return ranked;
  }
}
