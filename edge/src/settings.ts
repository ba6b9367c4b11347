/** Bindings and settings of the Worker. Errors name the setting and the remedy, never a secret. */
import { SageError } from "pocketsage";
import type { BlobObjects, CellShards, UserObjects } from "./contract.js";
import { MAX_DIM } from "./schema.js";

/** A binding of Cloudflare's rate limiting. */
export interface RateLimiter {
  limit(options: { key: string }): Promise<{ success: boolean }>;
}

/** The bindings of wrangler.jsonc and the secrets. */
export interface Env {
  USERS: UserObjects;
  /** Shards of cells, for catalogues larger than one isolate. Default: all in this one. */
  CELLS?: CellShards;
  /** Sealed blobs of `sync`, one object per user. Default: the routes of blobs are off. */
  SYNC?: BlobObjects;
  /** The bucket of the bytes of blobs. Default: the storage of the objects of SYNC. */
  BLOBS?: R2Bucket;
  /** Cloudflare's rate limiter. Default: no limit. */
  LIMIT?: RateLimiter;
  /** The rate limiter of the OHTTP gateway, per address of a relay. Default: no limit. */
  GATEWAY_LIMIT?: RateLimiter;
  /** Answers of the engine cached globally, behind the cache of each data centre. */
  ANSWERS?: KVNamespace;
  /** Static files. catalogue.sage is the engine, or the fallback if the engine fails. */
  ASSETS?: Fetcher;
  /** A Vectorize index, for ENGINE "vectorize". */
  ITEMS?: Vectorize;
  /** Origins that may call from a page, separated by white space. Default: none. */
  ORIGINS?: string;
  /** The `aud` claim of tokens. Default: "pocketsage". */
  AUDIENCE?: string;
  /** Dimension of the vectors. */
  DIM: string;
  /** Name of the vector space of all vectors. Default: that of catalogue.sage, if it has one. */
  SPACE?: string;
  ENGINE: string;
  /** JSON: the options of the engine's adapter. */
  ENGINE_OPTIONS?: string;
  /** Part of the key of cached answers: a new value invalidates them. */
  INDEX_VERSION?: string;
  /** Seconds until a cached answer is stale. Default: 300. */
  FRESH_SECONDS?: string;
  /** Memory for cells of one instance in MiB. Default: 72. */
  CELLS_MEMORY_MB?: string;
  /** Secret: { "id from 0 to 255": "base64url of 32 bytes" }. Default: no OHTTP gateway. */
  OHTTP_KEYS?: string;
  /** Days after which actions are deleted. Default: never. */
  MAX_AGE_DAYS?: string;
  /** Secret: { "key id": "base64url of 32 bytes or more", ... }. Two during a key rotation. */
  TOKEN_KEYS?: string;
  /** Secret: the engine's key or, for pgvector, its connection string. */
  ENGINE_KEY?: string;
}

/** A setting is missing or invalid: an error of the deployment, not of the request. */
export class SettingError extends Error {}

const MIN_KEY_LENGTH = 43; // base64url characters: 32 bytes

/** The dimension of the vectors. */
export function dimOf({ DIM }: Env): number {
  const dim = Number(DIM);
  if (Number.isSafeInteger(dim) && dim >= 1 && dim <= MAX_DIM) return dim;
  throw new SettingError(`DIM: expected an integer from 1 to ${MAX_DIM}, saw ${DIM}.`);
}

/** The name of the vector space; undefined if it is unset or empty. */
export function spaceOf({ SPACE }: Env): string | undefined {
  return SPACE || undefined;
}

/**
 * Throws code "dimension" if both spaces are named and the names differ.
 */
export function checkSpace(given: string | undefined, expected: string | undefined): void {
  if (given === undefined || expected === undefined || given === expected) return;
  throw new SageError(
    "dimension",
    `The vectors are of the space "${given}", expected "${expected}": use the model of the ` +
      "service.",
  );
}

/** The origins that may call from a page, exactly as browsers send them. */
export function originsOf({ ORIGINS = "" }: Env): string[] {
  return ORIGINS.split(/\s+/).filter((origin) => origin !== "");
}

/** A setting that is a number above 0; `fallback` if it is unset or empty. */
export function positiveOf<Fallback>(
  env: Env,
  name: "FRESH_SECONDS" | "MAX_AGE_DAYS" | "CELLS_MEMORY_MB",
  fallback: Fallback,
): number | Fallback {
  const text = env[name];
  if (text === undefined || text === "") return fallback;
  const number = Number(text);
  if (number > 0 && Number.isFinite(number)) return number;
  throw new SettingError(`${name}: expected a number above 0, saw ${text}.`);
}

/** The keys of token signatures by key id. */
export function keysOf({ TOKEN_KEYS }: Env): ReadonlyMap<string, string> {
  const remedy =
    "create one with `node mint.mjs key`, then set it with `npx wrangler secret put TOKEN_KEYS` " +
    "(locally: in the file .dev.vars).";
  if (!TOKEN_KEYS) throw new SettingError(`TOKEN_KEYS is not set: ${remedy}`);
  const keys = Object.entries(parseObject("TOKEN_KEYS", TOKEN_KEYS, remedy));
  if (keys.length === 0) throw new SettingError(`TOKEN_KEYS has no key: ${remedy}`);
  for (const [id, key] of keys) {
    if (typeof key === "string" && /^[\w-]+$/.test(key) && key.length >= MIN_KEY_LENGTH) continue;
    throw new SettingError(
      `TOKEN_KEYS: the key "${id}" is not base64url of at least 32 bytes: ${remedy}`,
    );
  }
  return new Map(keys as [string, string][]);
}

/** The seeds of OHTTP keys, the largest id first; undefined if there is no gateway. */
export function ohttpKeysOf({ OHTTP_KEYS }: Env): [id: number, seed: Uint8Array][] | undefined {
  if (!OHTTP_KEYS) return undefined;
  const remedy = 'expected { "1": "..." } with keys of `node mint.mjs key`.';
  const keys = Object.entries(parseObject("OHTTP_KEYS", OHTTP_KEYS, remedy));
  return keys
    .map(([id, key]): [number, Uint8Array] => {
      if (!/^\d{1,3}$/.test(id) || typeof key !== "string" || !/^[\w-]{43,}$/.test(key))
        throw new SettingError(`OHTTP_KEYS: the key "${id}" is invalid: ${remedy}`);
      const text = atob(key.replaceAll("-", "+").replaceAll("_", "/"));
      return [Number(id), Uint8Array.from(text, (character) => character.charCodeAt(0))];
    })
    .sort(([a], [b]) => b - a);
}

/** The options of the engine's adapter. */
export function engineOptionsOf({ ENGINE_OPTIONS = "{}" }: Env): Record<string, unknown> {
  return parseObject(
    "ENGINE_OPTIONS",
    ENGINE_OPTIONS,
    'expected JSON like { "url": "https://...", "collection": "items" }.',
  );
}

function parseObject(name: string, text: string, remedy: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // Invalid JSON has the same error as JSON that is no object.
  }
  throw new SettingError(`${name} is not a JSON object: ${remedy}`);
}
