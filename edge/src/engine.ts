/** The engine behind this Worker, as its settings name it, with what stands between it and the people who wait. */
import { Catalogue } from "pocketsage";
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
import { dimOf, type Env } from "./settings.js";

/** What a Worker's instance learns about its engine is for all its requests: plain numbers, because nothing else may cross between requests. */
const breaker: BreakerState = breakerState();
let catalogue: Catalogue | undefined;
let lookedFor = false;

/** A retriever for one request or one Durable Object: connections and promises belong to those, and are not shared. */
export async function retrieverFor(env: Env): Promise<RemoteRetriever> {
  const local = await localCatalogue(env);
  const cache = cacheApiAnswers(caches.default);
  return resilient(engineOf(env), {
    timeout: 1500,
    deadline: 4000,
    breaker: { failures: 5, cooldown: 2000, state: breaker },
    cache: {
      store: env.ANSWERS ? layeredAnswers(cache, kvAnswers(env.ANSWERS)) : cache,
      version: env.INDEX_VERSION ?? "",
      fresh: Number(env.FRESH_SECONDS ?? 300) * 1000,
    },
    ...(local ? { fallback: localRetriever(local) } : {}),
  });
}

/** The engine alone. A key is only ever put where the engine's adapter puts it. */
export function engineOf(env: Env): RemoteRetriever {
  const given = JSON.parse(env.ENGINE_OPTIONS ?? "{}") as Record<string, unknown>;
  const key = env.ENGINE_KEY === undefined ? {} : { apiKey: env.ENGINE_KEY };
  const common = { ...given, dim: dimOf(env) } as never;
  switch (env.ENGINE) {
    case "chroma":
      return chroma({ ...(common as Parameters<typeof chroma>[0]), ...key });
    case "elasticsearch":
      return elasticsearch({ ...(common as Parameters<typeof elasticsearch>[0]), ...key });
    case "milvus":
      return milvus({ ...(common as Parameters<typeof milvus>[0]), ...(env.ENGINE_KEY === undefined ? {} : { token: env.ENGINE_KEY }) });
    case "pinecone":
      return pinecone({ ...(common as Parameters<typeof pinecone>[0]), ...key });
    case "qdrant":
      return qdrant({ ...(common as Parameters<typeof qdrant>[0]), ...key });
    case "typesense":
      return typesense({ ...(common as Parameters<typeof typesense>[0]), ...key });
    case "vectorize":
      return vectorize({ ...(common as Parameters<typeof vectorize>[0]), index: env.ITEMS as unknown as VectorizeBinding });
    case "pgvector":
      return pgvector({ ...(common as Parameters<typeof pgvector>[0]), query: sqlOf(env.ENGINE_KEY ?? "") });
    default:
      throw new Error(`ENGINE: there is no adapter for "${env.ENGINE}"`);
  }
}

/** A connection a statement: a socket belongs to the request that opened it. (Put Hyperdrive in front, which keeps them open.) */
function sqlOf(url: string): Parameters<typeof pgvector>[0]["query"] {
  return async (statement, parameters) => {
    const sql = postgres(url, { max: 1, fetch_types: false, connect_timeout: 2, onnotice: () => undefined });
    try {
      return { rows: await sql.unsafe(statement, parameters as never[]) };
    } finally {
      await sql.end({ timeout: 1 });
    }
  };
}

async function localCatalogue({ ASSETS }: Env): Promise<Catalogue | undefined> {
  if (lookedFor || !ASSETS) return catalogue;
  lookedFor = true;
  const reply = await ASSETS.fetch("https://assets.invalid/catalogue.sage");
  if (reply.ok) catalogue = await Catalogue.fromBytes(new Uint8Array(await reply.arrayBuffer()));
  return catalogue;
}
