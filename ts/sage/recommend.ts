/** Recommendations: plan the queries, retrieve, mix the answers, arrange and explain the items. */

import { SageError } from "../errors.js";
import { arrange } from "./arrange.js";
import { explainCandidates } from "./explain.js";
import { packLists } from "./lists.js";
import { mixLists } from "./mix.js";
import type { Settings } from "./options.js";
import type { Plan } from "./plan.js";
import type { ProfileState } from "./profile.js";
import { searchCatalogue } from "./retrieve-local.js";
import { retrieve } from "./retrieve-remote.js";
import type { Recommendation } from "./types.js";

/** Carries out a plan. */
export async function runPlan(
  plan: Plan,
  state: ProfileState,
  settings: Settings,
  signal?: AbortSignal,
): Promise<Recommendation[]> {
  const { catalogue, retriever } = settings;
  if (!catalogue && !retriever) {
    throw new SageError(
      "option",
      "recommend: no source of items: pass openSage a `catalogue` or a `retriever`.",
    );
  }
  const queries = plan.queries.map(({ query }) => query);
  const lists = !retriever
    ? searchCatalogue(catalogue!, plan)
    : packLists(queries.length > 0 ? await retrieve(retriever, queries, signal) : [], plan.exclude);
  const candidates = arrange(mixLists(lists, plan, settings), plan).slice(0, plan.count);
  const reasons = explainCandidates(candidates, plan, state, settings);
  return candidates.map(({ item, score }, index) => ({ item, score, because: reasons[index]! }));
}
