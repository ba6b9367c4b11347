/**
 * PocketSage: recommendations that learn on the device. Start with {@link openSage}.
 *
 * @packageDocumentation
 */
export { blend, type BlendOptions } from "./blend.js";
export {
  Catalogue,
  type CatalogueItem,
  type CatalogueOptions,
  type Metric,
  type SearchOptions,
} from "./catalogue.js";
export { type ErrorCode, isSageError, SageError } from "./errors.js";
export type { Filter, FilterValue } from "./filter.js";
export type { WasmSource } from "./glue.js";
export { buildProfile, cluster, init, type PieceOptions, project, ward } from "./pieces.js";
export type { Hit, Query, Retriever, VectorSource } from "./retrieve/types.js";
export { openSage } from "./sage.js";
export { indexedDbStore } from "./store/indexeddb.js";
export { memoryStore } from "./store/memory.js";
export type { Store } from "./store/types.js";
export type {
  Action,
  Clustering,
  Cut,
  Explanation,
  Interest,
  ItemId,
  Outbound,
  Profile,
  ProfileOptions,
  Recommendation,
  RecommendOptions,
  Sage,
  SageOptions,
} from "./types.js";
export { connectSage } from "./worker/connect.js";
export type { Port } from "./worker/protocol.js";
export { serveSage } from "./worker/serve.js";
