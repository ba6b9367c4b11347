/**
 * Engines elsewhere: where a catalogue outgrows the device, the interests ask one of these instead.
 *
 * @packageDocumentation
 */
export { chroma, type ChromaOptions } from "./engines/chroma.js";
export { elasticsearch, type ElasticsearchOptions } from "./engines/elasticsearch.js";
export { httpRetriever, type HttpRetrieverOptions } from "./engines/http.js";
export { milvus, type MilvusOptions } from "./engines/milvus.js";
export { pgvector, type PgvectorOptions, type SqlExecutor } from "./engines/pgvector.js";
export { pinecone, type PineconeOptions } from "./engines/pinecone.js";
export { qdrant, type QdrantOptions } from "./engines/qdrant.js";
export { redis, type RedisExecutor, type RedisOptions } from "./engines/redis.js";
export { typesense, type TypesenseOptions } from "./engines/typesense.js";
export {
  vectorize,
  type VectorizeBinding,
  type VectorizeFilter,
  type VectorizeOptions,
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
export { resilient, type ResilientOptions } from "./resilience/resilient.js";
export { type RetryOptions, withRetry } from "./resilience/retry.js";
export { withTimeout } from "./resilience/timeout.js";
export type { World } from "./resilience/world.js";
export type { Answer, Capabilities, RemoteQuery, RemoteRetriever, Via } from "./types.js";
export { decodeMedoids, encodeMedoids, type WirePrecision } from "./wire.js";
