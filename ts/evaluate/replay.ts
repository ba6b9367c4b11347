/** Replay of a user's own log: how well recommendations find what the user did next. */

import { SageError } from "../errors.js";
import type { ItemId } from "../item.js";
import { openSage } from "../sage/open.js";
import { checkTime } from "../sage/time.js";
import type { Action, RecommendOptions, RecordedAction, SageOptions } from "../sage/types.js";
import { checkInteger, checkKeys, unexpected } from "../values/check.js";
import { readItems } from "./items.js";

/** Options of {@link replay}. */
export interface ReplayOptions {
  /** Options of the sage, as of `openSage`; its `store` and `now` are not used. */
  sage: SageOptions;
  /** Options of `recommend`. Default: {}. */
  recommend?: RecommendOptions;
  /** Number of newest items that are held out, at least 1. Default: a fifth, at least 1. */
  held?: number;
}

/** The result of {@link replay}. */
export interface Replay {
  /** Number of actions that were recorded. */
  trained: number;
  /** The items held out, newest last; items that the rest of the log has are not held out. */
  held: ItemId[];
  /** The items that were recommended, in order. */
  recommended: ItemId[];
  /** Share of the held items that were recommended, in [0, 1]. */
  recall: number;
  /** Normalised discounted cumulative gain of the list, in [0, 1]; discounts are 1 / log2. */
  ndcg: number;
  /** 1 / place of the first held item in the list, counted from 1; 0 if there is none. */
  reciprocalRank: number;
}

/**
 * Holds the newest items of a log out, records the rest in a new sage whose clock stands at the
 * first held action, and compares its recommendations with the held items. The log is unchanged,
 * nothing is stored; with a retriever, its queries leave the device as those of `recommend` do.
 *
 * `actions` may have any order; actions without a time are refused. Compare options by their
 * replays of many users: one log has too few items. Rejects with code "option" if no action is
 * left to record or no item to hold out, else as `openSage`, `record` and `recommend`.
 */
export async function replay(
  actions: readonly (Action | RecordedAction)[],
  options: ReplayOptions,
): Promise<Replay> {
  checkKeys("replay", options, ["sage", "recommend", "held"]);
  const givenSage = options.sage;
  if (typeof givenSage !== "object" || givenSage === null)
    throw unexpected("replay: sage", "the options of openSage", givenSage);
  const timedActions = readItems("replay: actions", actions)
    .map((action, index) => ({ action, at: checkTime(`replay: action ${index}: at`, action.at) }))
    .sort((x, y) => x.at - y.at);
  const itemCount = new Set(timedActions.map(({ action }) => action.item)).size;
  const maxHeld = checkInteger(
    "replay: held",
    options.held ?? Math.max(1, Math.floor(itemCount / 5)),
  );
  // Walks back until enough new items are held: an item of the remaining log is not one of them.
  const firstAction = new Map<ItemId, number>();
  for (const [index, { action }] of timedActions.entries())
    if (!firstAction.has(action.item)) firstAction.set(action.item, index);
  const firstIndices = [...firstAction.values()];
  const cut = firstIndices[Math.max(0, firstIndices.length - maxHeld)] ?? 0;
  const held = [...firstAction].filter(([, index]) => index >= cut).map(([item]) => item);
  if (cut === 0 || held.length === 0)
    throw new SageError(
      "option",
      `replay: ${itemCount} items are too few to hold ${maxHeld} out: record more, or lower held.`,
    );
  const { store: _store, now: _now, ...sageOptions } = givenSage;
  const sage = await openSage({ ...sageOptions, now: () => timedActions[cut]!.at });
  try {
    // `sage.actions()` returns the problem of an action, which `record` does not accept.
    const toRecord = timedActions.slice(0, cut).map(({ action }): Action => {
      const { problem: _, ...rest } = action as RecordedAction;
      return rest;
    });
    const { recorded } = await sage.record(toRecord);
    const recommended = (await sage.recommend(options.recommend)).map(({ item }) => item);
    return { trained: recorded, held, recommended, ...measure(recommended, new Set(held)) };
  } finally {
    await sage.close();
  }
}

/** The metrics of a list, given the items that it should have. */
function measure(
  recommended: readonly ItemId[],
  held: ReadonlySet<ItemId>,
): Pick<Replay, "recall" | "ndcg" | "reciprocalRank"> {
  const places = [...recommended.keys()].filter((place) => held.has(recommended[place]!));
  const discountedGain = (ranks: Iterable<number>): number =>
    [...ranks].reduce((sum, place) => sum + 1 / Math.log2(place + 2), 0);
  const idealGain = discountedGain(Array(Math.min(held.size, recommended.length)).keys());
  return {
    recall: places.length / held.size,
    ndcg: idealGain > 0 ? discountedGain(places) / idealGain : 0,
    reciprocalRank: places.length > 0 ? 1 / (places[0]! + 1) : 0,
  };
}
