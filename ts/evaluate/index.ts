/**
 * Evaluation on the device: replay of a user's own log, comparison of two lists, and interleaving
 * of two lists for an A/B test. Import `pocketsage` as well, which loads the wasm.
 *
 * @packageDocumentation
 */

export { compareLists, type ListChange, type ListComparison } from "./compare.js";
export {
  type Credits,
  creditTeams,
  type Interleaved,
  type InterleaveOptions,
  interleave,
  type Preference,
  preference,
} from "./interleave.js";
export { type Replay, type ReplayOptions, replay } from "./replay.js";
