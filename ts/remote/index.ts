/**
 * Engines elsewhere: where a catalogue outgrows the device, the interests ask one of these instead.
 *
 * @packageDocumentation
 */
export { type AnswerStore, cacheApiAnswers, type CacheOptions, kvAnswers, layeredAnswers, memoryAnswers, withCache } from "./cache.js";
export type { World } from "./clock.js";
export { chroma, type ChromaOptions } from "./engines/chroma.js";
export { elasticsearch, type ElasticsearchOptions } from "./engines/elasticsearch.js";
export { httpRetriever, type HttpRetrieverOptions } from "./engines/http.js";
export { milvus, type MilvusOptions } from "./engines/milvus.js";
export { pgvector, type PgvectorOptions, type SqlExecutor } from "./engines/pgvector.js";
export { pinecone, type PineconeOptions } from "./engines/pinecone.js";
export { qdrant, type QdrantOptions } from "./engines/qdrant.js";
export { redis, type RedisExecutor, type RedisOptions } from "./engines/redis.js";
export { typesense, type TypesenseOptions } from "./engines/typesense.js";
export { vectorize, type VectorizeBinding, type VectorizeOptions } from "./engines/vectorize.js";
export { type FailureReason, isPassing, RetrievalError } from "./failure.js";
export type { Filter, FilterValue } from "./filter.js";
export type { HttpOptions } from "./http.js";
export {
  type BreakerOptions,
  type BreakerState,
  breakerState,
  localRetriever,
  resilient,
  type ResilientOptions,
  type RetryOptions,
  withBreaker,
  withFallback,
  withRetry,
  withTimeout,
} from "./resilience.js";
export type { Answer, Capabilities, RemoteQuery, RemoteRetriever, Via } from "./types.js";
export { decodeMedoids, encodeMedoids, type WirePrecision } from "./wire.js";
