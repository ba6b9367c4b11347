/** The queries of one user: the interests of the retrieval cut, and an average of the history. */

import { rowOf } from "../core/matrix.js";
import type { Session } from "../core/session.js";
import type { Settings } from "./options.js";
import { newestRowPerItem, type ResolvedAction, type Retrieval } from "./profile.js";

/** Up to this number of items, each item of the history is an interest of its own. */
const SHORT_HISTORY_ITEMS = 5;

/** Computes the queries of a history at `now`. */
export function computeRetrieval(
  session: Session,
  actions: readonly ResolvedAction[],
  now: number,
  popularity: number,
  { dim, retrieval }: Settings,
): Retrieval {
  const isShort = newestRowPerItem(actions).length <= SHORT_HISTORY_ITEMS;
  const { labels, members, importance, centres, average } = session.retrieval(
    actions,
    now,
    isShort ? retrieval.itemByItem : retrieval.core,
    retrieval.recency,
    // Without priors, an average over a longer time is better (docs/decisions/0034-mixture.md).
    retrieval.recency * ((1 + popularity) / 2),
  );
  const rowsByInterest: number[][] = Array.from(members, () => []);
  labels.forEach((label, row) => rowsByInterest[label]?.push(row));
  const interests = rowsByInterest.map((rows, index) => ({
    row: members[index]!,
    rows,
    importance: importance[index]!,
    centre: () => rowOf(centres, dim, index),
  }));
  return { average, interests };
}
