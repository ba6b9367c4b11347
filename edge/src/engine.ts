/** The engine behind this Worker, as its settings name it, with what stands between it and the people who wait. */
import { Catalogue, isSageError } from "pocketsage";
import {
  type BreakerState,
  breakerState,
  cacheApiAnswers,
  chroma,
  elasticsearch,
  kvAnswers,
  layeredAnswers,
  localRetriever,
  milvus,
  pgvector,
  pinecone,
  qdrant,
  type RemoteRetriever,
  resilient,
  typesense,
  vectorize,
  type VectorizeBinding,
} from "pocketsage/remote";
import postgres from "postgres";
import { dimOf, engineOptionsOf, type Env, positiveOf, SettingError } from "./settings.js";

/** What a Worker's instance learns is for all its requests: plain numbers and bytes, because nothing else may cross between requests. */
const breaker: BreakerState = breakerState();
let catalogue: Catalogue | undefined;
let lookAgain = 0;

/**
 * A retriever for one request or one Durable Object: connections and promises belong to those, and are not shared. `later` takes what need not be
 * waited for.
 */
export async function retrieverFor(
  env: Env,
  later: (work: Promise<unknown>) => void,
): Promise<RemoteRetriever> {
  const local = await localCatalogue(env);
  if (env.ENGINE === "catalogue") {
    if (local) return localRetriever(local);
    throw new SettingError(
      "ENGINE is catalogue, and there is no public/catalogue.sage to read: `npx pocketsage build items.jsonl -o public/catalogue.sage` makes it.",
    );
  }
  const near = cacheApiAnswers(caches.default);
  const store = env.ANSWERS ? layeredAnswers(near, kvAnswers(env.ANSWERS)) : near;
  return resilient(engineOf(env), {
    timeout: 1500,
    deadline: 4000,
    breaker: { failures: 5, cooldown: 2000, state: breaker },
    cache: {
      store: { get: store.get, set: async (...answer) => later(store.set(...answer)) },
      version: env.INDEX_VERSION ?? "",
      fresh: positiveOf(env, "FRESH_SECONDS", 300) * 1000,
    },
    ...(local ? { fallback: localRetriever(local) } : {}),
  });
}

/** The engine alone. A key is only ever put where the engine's adapter puts it. */
export function engineOf(env: Env): RemoteRetriever {
  const make = ENGINES[env.ENGINE];
  if (!make)
    throw new SettingError(
      `ENGINE: expected one of catalogue, ${Object.keys(ENGINES).join(", ")}, saw ${env.ENGINE}.`,
    );
  try {
    return make({ ...engineOptionsOf(env), dim: dimOf(env) } as never, env);
  } catch (error) {
    // An adapter's mistaken options are the owner's.
    throw isSageError(error) ? new SettingError(`ENGINE_OPTIONS: ${error.message}`) : error;
  }
}

const ENGINES: Record<string, (options: never, env: Env) => RemoteRetriever> = {
  chroma: (options: Parameters<typeof chroma>[0], env) => chroma({ ...options, ...apiKey(env) }),
  elasticsearch: (options: Parameters<typeof elasticsearch>[0], env) =>
    elasticsearch({ ...options, ...apiKey(env) }),
  milvus: (options: Parameters<typeof milvus>[0], { ENGINE_KEY: token }) =>
    milvus({ ...options, ...(token ? { token } : {}) }),
  pgvector: (options: Parameters<typeof pgvector>[0], env) =>
    pgvector({ ...options, query: sqlOf(env) }),
  pinecone: (options: Parameters<typeof pinecone>[0], env) =>
    pinecone({ ...options, ...apiKey(env) }),
  qdrant: (options: Parameters<typeof qdrant>[0], env) => qdrant({ ...options, ...apiKey(env) }),
  typesense: (options: Parameters<typeof typesense>[0], env) =>
    typesense({ ...options, ...apiKey(env) }),
  vectorize: (options: Parameters<typeof vectorize>[0], env) =>
    vectorize({ ...options, index: itemsOf(env) }),
};

function apiKey({ ENGINE_KEY }: Env): { apiKey?: string } {
  return ENGINE_KEY ? { apiKey: ENGINE_KEY } : {};
}

function itemsOf({ ITEMS }: Env): VectorizeBinding {
  if (ITEMS) return ITEMS; // its type is Cloudflare's own
  throw new SettingError(
    'ITEMS is not bound: "vectorize": [{ "binding": "ITEMS", "index_name": "..." }] in wrangler.jsonc.',
  );
}

/** A connection a statement: a socket belongs to the request that opened it. (Put Hyperdrive in front, which keeps them open.) */
function sqlOf({ ENGINE_KEY: url }: Env): Parameters<typeof pgvector>[0]["query"] {
  if (!url)
    throw new SettingError(
      "ENGINE_KEY is not set: for pgvector it is the connection string, postgres://...",
    );
  return async (statement, parameters) => {
    const sql = postgres(url, {
      max: 1,
      fetch_types: false,
      connect_timeout: 2,
      onnotice: () => undefined,
    });
    try {
      return { rows: await sql.unsafe(statement, parameters as never[]) };
    } finally {
      await sql.end({ timeout: 1 });
    }
  };
}

/** What to fall back on. That it cannot be had is no reason to fail: it is looked for again in a minute. */
async function localCatalogue(env: Env): Promise<Catalogue | undefined> {
  const { ASSETS } = env;
  if (catalogue || !ASSETS || Date.now() < lookAgain) return catalogue;
  try {
    const reply = await ASSETS.fetch("https://assets.invalid/catalogue.sage");
    const bytes = new Uint8Array(await reply.arrayBuffer());
    if (!reply.ok) lookAgain = Date.now() + 60_000;
    else {
      const loaded = await Catalogue.fromBytes(bytes);
      if (loaded.dim !== dimOf(env))
        throw new SettingError(`its vectors have ${loaded.dim} numbers, and DIM is ${env.DIM}`);
      if (catalogue)
        loaded.close(); // another request was faster
      else catalogue = loaded;
    }
  } catch (error) {
    lookAgain = Date.now() + 60_000;
    console.error(
      JSON.stringify({
        error: `catalogue.sage: ${error instanceof Error ? error.message : String(error)}`,
      }),
    );
  }
  return catalogue;
}
