/**
 * The vector engine that the settings select, with cache, deadline, circuit breaker and local
 * fallback.
 */
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
  type VectorizeBinding,
  vectorize,
} from "pocketsage/remote";
import postgres from "postgres";
import { bugOf, faultOf } from "./problem.js";
import { dimOf, type Env, engineOptionsOf, positiveOf, SettingError, spaceOf } from "./settings.js";

const TIMEOUT_MS = 1500; // of one request to the engine
const DEADLINE_MS = 4000; // of a query with all its retries
const BREAKER = { failures: 5, cooldown: 2000 }; // consecutive failures; pause in milliseconds
const DEFAULT_FRESH_SECONDS = 300;
const CATALOGUE_RETRY_MS = 60_000;

/**
 * State that all requests to an instance of the Worker share. It is plain data, because workerd
 * forbids the use of another request's connections and promises.
 */
const breaker: BreakerState = breakerState();
let catalogue: Catalogue | undefined;
let nextCatalogueLoadMs = 0; // Date.now() from which a failed load may be repeated

/**
 * A retriever for one request or one Durable Object. `waitUntil` receives cache writes, which the
 * response does not wait for.
 */
export async function retrieverFor(
  env: Env,
  waitUntil: (work: Promise<unknown>) => void,
): Promise<RemoteRetriever> {
  const fallbackCatalogue = await localCatalogue(env);
  if (env.ENGINE === "catalogue") {
    if (fallbackCatalogue) return localRetriever(fallbackCatalogue);
    throw new SettingError(
      "ENGINE is catalogue, but public/catalogue.sage is missing or unusable (see the log). " +
        "Create it with `npx pocketsage build items.jsonl -o public/catalogue.sage`.",
    );
  }
  const dataCentreAnswers = cacheApiAnswers(caches.default);
  const store = env.ANSWERS
    ? layeredAnswers(dataCentreAnswers, kvAnswers(env.ANSWERS))
    : dataCentreAnswers;
  return resilient(engineOf(env), {
    timeout: TIMEOUT_MS,
    deadline: DEADLINE_MS,
    breaker: { ...BREAKER, state: breaker },
    cache: {
      store: { get: store.get, set: async (...answer) => waitUntil(store.set(...answer)) },
      version: env.INDEX_VERSION ?? "",
      fresh: positiveOf(env, "FRESH_SECONDS", DEFAULT_FRESH_SECONDS) * 1000,
    },
    ...(fallbackCatalogue ? { fallback: localRetriever(fallbackCatalogue) } : {}),
  });
}

/** The adapter of the engine, without cache and fallback. Only it receives ENGINE_KEY. */
function engineOf(env: Env): RemoteRetriever {
  const create = ENGINES[env.ENGINE];
  if (!create)
    throw new SettingError(
      `ENGINE: expected one of catalogue, ${Object.keys(ENGINES).join(", ")}, saw ${env.ENGINE}.`,
    );
  try {
    return create({ ...spaceOptions(env), ...engineOptionsOf(env), dim: dimOf(env) } as never, env);
  } catch (error) {
    // The options come from the settings, so their errors are errors of the deployment.
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

function spaceOptions(env: Env): { space?: string } {
  const space = spaceOf(env);
  return space === undefined ? {} : { space };
}

function apiKey({ ENGINE_KEY }: Env): { apiKey?: string } {
  return ENGINE_KEY ? { apiKey: ENGINE_KEY } : {};
}

function itemsOf({ ITEMS }: Env): VectorizeBinding {
  if (ITEMS) return ITEMS;
  throw new SettingError(
    "ITEMS is not bound: add to wrangler.jsonc " +
      '"vectorize": [{ "binding": "ITEMS", "index_name": "..." }].',
  );
}

/**
 * Runs SQL with one connection per statement, because workerd ties a socket to its request.
 * Hyperdrive in front of PostgreSQL keeps connections open.
 */
function sqlOf({ ENGINE_KEY: url }: Env): Parameters<typeof pgvector>[0]["query"] {
  if (!url)
    throw new SettingError(
      "ENGINE_KEY is not set: for pgvector, set it to the connection string postgres://...",
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

/** The catalogue of the static files, if any. A failed load is logged and repeated later. */
export async function localCatalogue(env: Env): Promise<Catalogue | undefined> {
  const { ASSETS } = env;
  if (catalogue || !ASSETS || Date.now() < nextCatalogueLoadMs) return catalogue;
  try {
    const reply = await ASSETS.fetch("https://assets.invalid/catalogue.sage");
    const bytes = new Uint8Array(await reply.arrayBuffer());
    if (!reply.ok) nextCatalogueLoadMs = Date.now() + CATALOGUE_RETRY_MS;
    else {
      const loadedCatalogue = await Catalogue.fromBytes(bytes);
      if (loadedCatalogue.dim !== dimOf(env))
        throw new SettingError(`it has ${loadedCatalogue.dim} dimensions, but DIM is ${env.DIM}`);
      const { space = env.SPACE } = loadedCatalogue;
      if (env.SPACE && space !== env.SPACE)
        throw new SettingError(`it is of the space "${space}", but SPACE is "${env.SPACE}"`);
      if (catalogue)
        loadedCatalogue.close(); // another request has loaded it meanwhile
      else catalogue = loadedCatalogue;
    }
  } catch (error) {
    nextCatalogueLoadMs = Date.now() + CATALOGUE_RETRY_MS;
    const fault = faultOf(error) ?? bugOf(error);
    console.error(JSON.stringify({ error: `catalogue.sage: ${fault.message}`, ...fault.bug }));
  }
  return catalogue;
}
