/** The main parameters of recommendations, in plain words. */

import type { ItemId } from "../item.js";
import type { Log } from "./log.js";
import { dislikedItems } from "./operation.js";
import { DEFAULTS } from "./plan.js";
import type { Parameter } from "./types.js";

/** The result of `sage.parameters()`. */
export function describeParameters(log: Log, shown: Iterable<ItemId>): Parameter[] {
  const boosts = log.boosts().filter(({ factor }) => factor !== 1);
  const parameters: [name: string, value: Parameter["value"], meaning: string][] = [
    ["interests", DEFAULTS.interests, "interests searched with"],
    ["focus", DEFAULTS.focus, "recent actions as a whole against single interests"],
    ["popularity", DEFAULTS.popularity, "preference for popular items"],
    ["diversity", DEFAULTS.diversity, "difference between the items of a list"],
    ["explore", DEFAULTS.explore, "distance from the history"],
    ["hidden", log.hidden(), "never recommended"],
    ["disliked", dislikedItems(log), "items like these come last"],
    ["boosted", boosts, "importance of their interests is multiplied; 0: muted"],
    ["shown", [...shown], "shown lately: come later"],
  ];
  return parameters.map(([name, value, meaning]) => ({ name, value, meaning }));
}
