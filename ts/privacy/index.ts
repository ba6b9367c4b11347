/**
 * What may leave the device: modes from `local` to `medoids`, retrieval from cells, a ledger of
 * what was spent, and a planner. Import `pocketsage` as well, which loads the wasm.
 *
 * @packageDocumentation
 */

export type { LedgerReport } from "./ledger.js";
export { openPrivacy } from "./open.js";
export { type PrivacyChoice, type PrivacyPlan, type PrivacyPlanOptions, plan } from "./planner.js";
export type { Fetch } from "./send.js";
export type {
  CellSource,
  CellsOptions,
  CommonPrivacyOptions,
  ItemsOptions,
  LocalOptions,
  OutboundRecord,
  Privacy,
  PrivacyMode,
  PrivacyOptions,
} from "./types.js";
