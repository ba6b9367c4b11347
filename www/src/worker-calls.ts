/**
 * What the page calls in the worker beside the methods of a Sage: functions that need the catalogue.
 * Add a function here, and `WorkerClient.call` can call it. Arguments and results are cloned.
 */
import type { Catalogue, Interest, Recommendation, RecommendOptions, Sage } from "pocketsage";
import { nameInterests } from "pocketsage/names";
import { withoutNearDuplicates } from "./near-duplicates.js";

/** The catalogue and the open Sage of the worker. */
export interface WorkerState {
  catalogue: Catalogue;
  sage: Sage;
}

/** Candidates for each pick, because near-duplicates are skipped. */
const CANDIDATES_PER_PICK = 3;
const NAME_WORDS = 2;

export const workerCalls = {
  /** `recommend` without near-duplicates. */
  async recommend(
    { catalogue, sage }: WorkerState,
    options: RecommendOptions & { count: number },
  ): Promise<Recommendation[]> {
    const count = options.count * CANDIDATES_PER_PICK;
    const candidates = await sage.recommend({ ...options, count });
    return withoutNearDuplicates(catalogue, candidates, options.count);
  },

  /** The words that name each interest, best first. */
  names({ catalogue }: WorkerState, interests: Interest[]): string[][] {
    return nameInterests({ interests }, catalogue, { count: NAME_WORDS }).map((words) =>
      words.map(({ word }) => word),
    );
  },
};

export type WorkerCalls = typeof workerCalls;
