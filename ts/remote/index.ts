/**
 * Retrieval from vector engines, for catalogues too large for the device: adapters, and wrappers
 * that add retries, timeouts, a circuit breaker, a cache and fallbacks.
 *
 * @packageDocumentation
 */

export type { Answer, AnswerSource, Capabilities, RemoteQuery, RemoteRetriever } from "./answer.js";
export { type ChromaOptions, chroma } from "./engines/chroma.js";
export { type ElasticsearchOptions, elasticsearch } from "./engines/elasticsearch.js";
export { type HttpRetrieverOptions, httpRetriever } from "./engines/http.js";
export { type MilvusOptions, milvus } from "./engines/milvus.js";
export { type PgvectorOptions, pgvector, type SqlExecutor } from "./engines/pgvector.js";
export { type PineconeOptions, pinecone } from "./engines/pinecone.js";
export { type QdrantOptions, qdrant } from "./engines/qdrant.js";
export { type RedisExecutor, type RedisOptions, redis } from "./engines/redis.js";
export { type TypesenseOptions, typesense } from "./engines/typesense.js";
export {
  type VectorizeBinding,
  type VectorizeFilter,
  type VectorizeOptions,
  type VectorizeQueryOptions,
  vectorize,
} from "./engines/vectorize.js";
export { type FailureReason, isPassing, RetrievalError } from "./failure.js";
export type { Filter, FilterValue } from "./filter.js";
export type { HttpOptions } from "./http.js";
export {
  type AnswerStore,
  cacheApiAnswers,
  kvAnswers,
  layeredAnswers,
  memoryAnswers,
} from "./resilience/answers.js";
export {
  type BreakerOptions,
  type BreakerState,
  breakerState,
  withBreaker,
} from "./resilience/breaker.js";
export { type CacheOptions, withCache } from "./resilience/cache.js";
export { localRetriever, withFallback } from "./resilience/fallback.js";
export { type ResilientOptions, resilient } from "./resilience/resilient.js";
export { type RetryOptions, withRetry } from "./resilience/retry.js";
export type { Runtime } from "./resilience/runtime.js";
export { withTimeout } from "./resilience/timeout.js";
export { decodeMedoids, encodeMedoids, type WirePrecision } from "./wire.js";
