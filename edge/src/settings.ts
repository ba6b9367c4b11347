/** What the Worker is bound to, checked before it is used: what is missing is said with the way to set it, never with its value. */
import type { UserTaste } from "./taste.js";

/** The bindings of wrangler.jsonc and the secrets. */
export interface Env {
  TASTES: DurableObjectNamespace<UserTaste>;
  /** Cloudflare's rate limiter; without it nobody is limited. */
  LIMIT?: { limit(options: { key: string }): Promise<{ success: boolean }> };
  /** Answers kept everywhere, behind the data centre's own cache. */
  ANSWERS?: KVNamespace;
  /** Static files: catalogue.sage, if it is there, answers where the engine cannot, or is the engine. */
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
  /** Days after which actions are dropped. Default: never. */
  MAX_AGE_DAYS?: string;
  /** Secret: { "key id": "base64url of 32 bytes or more", ... }. Two while keys are changed. */
  TOKEN_KEYS?: string;
  /** Secret: the engine's key or, for pgvector, its connection string. */
  ENGINE_KEY?: string;
}

/** The Worker was not set up right: its owner's business, not the caller's. */
export class SettingError extends Error {}

const LEAST_KEY = 43; // letters of base64url: 32 bytes

/** The length of the vectors. */
export function dimOf({ DIM }: Env): number {
  const dim = Number(DIM);
  if (Number.isSafeInteger(dim) && dim >= 1 && dim <= 4096) return dim;
  throw new SettingError(`DIM: expected a whole number from 1 to 4096, saw ${DIM}.`);
}

/** The origins that may call from a page, exactly as browsers send them. */
export function originsOf({ ORIGINS = "" }: Env): string[] {
  return ORIGINS.split(/\s+/).filter((origin) => origin !== "");
}

/** A setting that is a number above 0, or what holds where it is not set. */
export function positiveOf<Default>(
  env: Env,
  name: "FRESH_SECONDS" | "MAX_AGE_DAYS",
  otherwise: Default,
): number | Default {
  const text = env[name];
  if (text === undefined || text === "") return otherwise;
  const number = Number(text);
  if (number > 0 && Number.isFinite(number)) return number;
  throw new SettingError(`${name}: expected a number above 0, saw ${text}.`);
}

/** The keys that tokens are signed with, by their ids. */
export function keysOf({ TOKEN_KEYS }: Env): ReadonlyMap<string, string> {
  const way =
    "`node mint.mjs key` makes it, `npx wrangler secret put TOKEN_KEYS` (or the file .dev.vars) sets it.";
  if (!TOKEN_KEYS) throw new SettingError(`TOKEN_KEYS is not set: ${way}`);
  const given = parse("TOKEN_KEYS", TOKEN_KEYS, way);
  const keys = Object.entries(given);
  if (keys.length === 0) throw new SettingError(`TOKEN_KEYS holds no key: ${way}`);
  for (const [id, key] of keys) {
    if (typeof key === "string" && /^[\w-]+$/.test(key) && key.length >= LEAST_KEY) continue;
    throw new SettingError(
      `TOKEN_KEYS: the key "${id}" is not base64url of at least 32 bytes: ${way}`,
    );
  }
  return new Map(keys as [string, string][]);
}

/** The options of the engine's adapter. */
export function engineOptionsOf({ ENGINE_OPTIONS = "{}" }: Env): Record<string, unknown> {
  return parse(
    "ENGINE_OPTIONS",
    ENGINE_OPTIONS,
    'expected JSON like { "url": "https://...", "collection": "items" }.',
  );
}

function parse(name: string, text: string, way: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // said below
  }
  throw new SettingError(`${name} is not a JSON object: ${way}`);
}
