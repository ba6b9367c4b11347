/** What the Worker is bound to, checked once. */
import type { UserTaste } from "./taste.js";

/** The bindings of wrangler.jsonc and the secrets. */
export interface Env {
  TASTES: DurableObjectNamespace<UserTaste>;
  /** Cloudflare's rate limiter; without it nobody is limited. */
  LIMIT?: { limit(options: { key: string }): Promise<{ success: boolean }> };
  /** Answers kept everywhere, behind the data centre's own cache. */
  ANSWERS?: KVNamespace;
  /** Static files: /catalogue.sage, if it is there, answers where the engine cannot. */
  ASSETS?: Fetcher;
  /** A Vectorize index, for ENGINE "vectorize". */
  ITEMS?: Vectorize;
  ORIGINS?: string;
  AUDIENCE?: string;
  DIM: string;
  ENGINE: string;
  ENGINE_OPTIONS?: string;
  INDEX_VERSION?: string;
  /** Seconds an answer is used without asking again. Default: 300. */
  FRESH_SECONDS?: string;
  MAX_AGE_DAYS?: string;
  /** Secret: { "key id": "base64url of 32 bytes or more", ... }. Two while keys are changed. */
  TOKEN_KEYS: string;
  /** Secret: the engine's key or, for pgvector, its connection string. */
  ENGINE_KEY?: string;
}

/** The length of the vectors. */
export function dimOf({ DIM }: Env): number {
  const dim = Number(DIM);
  if (Number.isSafeInteger(dim) && dim >= 1 && dim <= 4096) return dim;
  throw new Error(`DIM: expected a whole number from 1 to 4096, saw ${DIM}`);
}

/** The origins that may call from a page, exactly as browsers send them. */
export function originsOf({ ORIGINS = "" }: Env): string[] {
  return ORIGINS.split(/\s+/).filter((origin) => origin !== "");
}
