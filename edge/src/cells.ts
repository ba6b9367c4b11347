/** Two-server retrieval: the XOR of selected cells, from the static files of `build --cells`. */
import { isSageError } from "pocketsage";
import { addXor, type CellServer, openCellServer } from "pocketsage/privacy/server";
import kernel from "pocketsage/xor.wasm";
import { Problem } from "./problem.js";
import { type Env, positiveOf, SettingError } from "./settings.js";

/** MiB of shards that an instance keeps; a larger catalogue is spread over objects. */
const DEFAULT_MEMORY_MB = 72;
/** Milliseconds after which the manifest is read again: a deployment may replace the files. */
const MANIFEST_MS = 60_000;

/** Shards in memory: plain data, which all requests to an instance share. */
let opened: { server: CellServer; until: number; codebook: string } | undefined;
/** Bindings of the request that runs, for the files. */
let assets: Fetcher | undefined;

/** The bytes that answer the body of `POST /v1/cells/xor`. */
export async function answerCells(env: Env, body: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const server = await serverOf(env);
  const vectors = decode(server, body);
  const { cells, cellBytes } = server.manifest;
  const { CELLS } = env;
  if (!CELLS || cells * cellBytes <= memoryOf(env)) return server.answer(vectors);
  const shards = Array.from({ length: server.shards }, (_, shard) =>
    CELLS.getByName(`${server.manifest.codebook} ${shard}`).answerShard(shard, body),
  );
  const [answer, ...others] = (await Promise.all(shards)) as Uint8Array<ArrayBuffer>[];
  for (const part of others) addXor(answer!, part);
  return answer!;
}

/** The part of one shard, computed in its Durable Object. */
export async function answerShard(
  env: Env,
  shard: number,
  body: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
  const server = await serverOf(env);
  return server.answerShard(shard, decode(server, body));
}

function decode(server: CellServer, body: Uint8Array): Uint8Array[] {
  try {
    return server.decode(body);
  } catch (error) {
    if (isSageError(error) && error.code === "version")
      throw new Problem(409, "codebook", error.message);
    throw error;
  }
}

function memoryOf(env: Env): number {
  return positiveOf(env, "CELLS_MEMORY_MB", DEFAULT_MEMORY_MB) * 2 ** 20;
}

async function serverOf(env: Env): Promise<CellServer> {
  assets = env.ASSETS;
  if (opened && Date.now() < opened.until) return opened.server;
  const read = async (name: string): Promise<Uint8Array | undefined> => {
    const reply = await assets?.fetch(`https://assets.invalid/cells/${name}`);
    return reply?.ok ? new Uint8Array(await reply.arrayBuffer()) : undefined;
  };
  try {
    const server = await openCellServer({ read, kernel, maxBytes: memoryOf(env) });
    const { codebook } = server.manifest;
    // Shards of the same codebook stay in memory.
    const currentServer = opened?.codebook === codebook ? opened.server : server;
    opened = { server: currentServer, until: Date.now() + MANIFEST_MS, codebook };
    return currentServer;
  } catch (error) {
    if (!isSageError(error)) throw error;
    throw new SettingError(
      `The cells in public/cells cannot be read: ${error.message} ` +
        "`npx pocketsage build items.jsonl -o items.sage --cells K --cells-out public/cells`",
    );
  }
}
