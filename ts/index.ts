/**
 * PocketSage: recommendations that learn on the device. Start with {@link openSage}.
 *
 * @packageDocumentation
 */

export { Catalogue } from "./catalogue/catalogue.js";
export type { CatalogueItem } from "./catalogue/checked-items.js";
export type { Filter, FilterValue } from "./catalogue/filter.js";
export type { CatalogueOptions, Metric, SearchOptions } from "./catalogue/options.js";
export { setMemoryBudget } from "./core/budget.js";
export type { WasmSource } from "./core/glue.js";
export type { Cut, ProfileOptions } from "./core/options.js";
export { type ErrorCode, isSageError, SageError } from "./errors.js";
export type { BytesLike, ItemId, VectorLike } from "./item.js";
export { buildProfile, cluster, init, type PieceOptions, project, ward } from "./pieces.js";
export type { Hit, Outbound, Query, Retriever, VectorSource } from "./retriever.js";
export { openSage } from "./sage/open.js";
export type { TimeInput } from "./sage/time.js";
export type {
  Action,
  Clustering,
  Explanation,
  Interest,
  ItemScore,
  Parameter,
  Profile,
  RankOptions,
  Reason,
  Recommendation,
  RecommendOptions,
  RecordedAction,
  RecordResult,
  RetrievalOptions,
  Sage,
  SageOptions,
  ScoredItem,
} from "./sage/types.js";
export { indexedDbStore } from "./store/indexeddb.js";
export { memoryStore } from "./store/memory.js";
export type { SegmentList, Segments, Store } from "./store/store.js";
export { LIMITS } from "./values/limits.js";
export { connectSage } from "./worker/connect.js";
export type { Port } from "./worker/protocol.js";
export { serveSage } from "./worker/serve.js";
