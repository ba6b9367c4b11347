/** Answers requests for cells from the files of docs/cells.md, within a memory limit. */
import { SageError } from "../../errors.js";
import {
  checkBytes,
  checkFunction,
  checkInteger,
  checkKeys,
  checkRange,
  inspect,
  toBytes,
  unexpected,
} from "../../values/check.js";
import { type CellManifest, decodeManifest, fileNames } from "../cells/format.js";
import { decodeXorRequest, vectorBytes } from "../cells/xor.js";
import { compileKernel, XorShard } from "./kernel.js";

/** Shards kept in memory by default, in bytes: an isolate of a Worker has 128 MB. */
const DEFAULT_MAX_BYTES = 72 << 20;

/** Options of {@link openCellServer}. */
export interface CellServerOptions {
  /** Reads a file below the folder of `manifest.json`; undefined if it does not exist. */
  read: (name: string) => Promise<Uint8Array | undefined>;
  /** The compiled `pocketsage/xor.wasm`, for Workers. Default: compiled from the package. */
  kernel?: WebAssembly.Module;
  /** Bytes of shards kept in memory; others are read for each request. Default: 72 MiB. */
  maxBytes?: number;
}

/** The cells of a folder. */
export interface CellServer {
  readonly manifest: CellManifest;
  /** Number of shard files. */
  readonly shards: number;
  /** The bit vectors of a request. Throws code "option" or "version" for another body. */
  decode(body: Uint8Array): Uint8Array[];
  /** The part of the answer that a shard contributes; the XOR of all parts is the answer. */
  answerShard(shard: number, vectors: readonly Uint8Array[]): Promise<Uint8Array<ArrayBuffer>>;
  /** The answer: one cell's size for each bit vector. */
  answer(vectors: readonly Uint8Array[]): Promise<Uint8Array<ArrayBuffer>>;
}

/** Opens a folder of cells. Rejects with code "retrieval" without a manifest, or "corrupt". */
export async function openCellServer(options: CellServerOptions): Promise<CellServer> {
  checkKeys("openCellServer", options, ["read", "kernel", "maxBytes"]);
  const { read, maxBytes = DEFAULT_MAX_BYTES } = options;
  checkFunction("openCellServer: read", read);
  checkRange("openCellServer: maxBytes", maxBytes, 0, Number.MAX_SAFE_INTEGER);
  if (options.kernel !== undefined && !(options.kernel instanceof WebAssembly.Module))
    throw unexpected("openCellServer: kernel", "a WebAssembly.Module", options.kernel);
  const readFile = async (name: string): Promise<Uint8Array> => {
    const content = await read(name);
    const bytes = toBytes(content);
    if (bytes) return bytes;
    if (content)
      throw new SageError(
        "retrieval",
        `openCellServer: read: expected the bytes of ${name}, saw ${inspect(content)}.`,
      );
    throw new SageError(
      "retrieval",
      `${name} is missing: write the cells with \`pocketsage build --cells K\`.`,
    );
  };
  const text = new TextDecoder().decode(await readFile(fileNames.manifest));
  const manifest = decodeManifest(text);
  const { cells, cellBytes, shardCells } = manifest;
  const shards = Math.ceil(cells / shardCells);
  const kernel = options.kernel ?? (await compileKernel());
  /** Shards in memory, the least recently used first. */
  const loaded = new Map<number, XorShard>();

  const openShard = async (shard: number): Promise<XorShard> => {
    const loadedShard = loaded.get(shard);
    if (loadedShard) {
      loaded.delete(shard);
      loaded.set(shard, loadedShard);
      return loadedShard;
    }
    const count = Math.min(shardCells, cells - shard * shardCells);
    const bytes = await readFile(fileNames.shard(manifest, shard));
    if (bytes.length !== count * cellBytes)
      throw new SageError(
        "corrupt",
        `shard ${shard} has ${bytes.length} bytes, expected ${count * cellBytes}: copy the files ` +
          "of one build.",
      );
    const newShard = new XorShard(kernel, count, cellBytes);
    newShard.load(bytes);
    loaded.set(shard, newShard);
    const maxShards = Math.max(1, Math.floor(maxBytes / (shardCells * cellBytes)));
    for (const oldest of loaded.keys()) {
      if (loaded.size <= maxShards) break;
      loaded.delete(oldest);
    }
    return newShard;
  };

  const answerShard: CellServer["answerShard"] = async (shard, vectors) => {
    const first = (shard * shardCells) / 8;
    const end = first + Math.ceil(Math.min(shardCells, cells - shard * shardCells) / 8);
    const xorShard = await openShard(shard);
    return xorShard.answer(vectors.map((vector) => vector.subarray(first, end)));
  };

  const checkVectors = (where: string, vectors: unknown): void => {
    const length = vectorBytes(cells);
    if (!Array.isArray(vectors)) throw unexpected(where, "the vectors of `decode`", vectors);
    for (const vector of vectors)
      if (!(vector instanceof Uint8Array) || vector.length !== length)
        throw unexpected(where, `vectors of ${length} bytes`, vector);
  };

  return {
    manifest,
    shards,
    decode(body) {
      return decodeXorRequest(checkBytes("decode", body), manifest);
    },
    async answerShard(shard, vectors) {
      checkInteger("answerShard: shard", shard, 0, shards - 1);
      checkVectors("answerShard", vectors);
      return answerShard(shard, vectors);
    },
    async answer(vectors) {
      checkVectors("answer", vectors);
      const answer = await answerShard(0, vectors);
      for (let shard = 1; shard < shards; shard += 1)
        addXor(answer, await answerShard(shard, vectors));
      return answer;
    },
  };
}

/** sum ^= part. Throws code "option" unless both are Uint8Arrays of one length. */
export function addXor(sum: Uint8Array, part: Uint8Array): void {
  if (!(sum instanceof Uint8Array)) throw unexpected("addXor", "a Uint8Array", sum);
  if (!(part instanceof Uint8Array)) throw unexpected("addXor", "a Uint8Array", part);
  if (part.length !== sum.length)
    throw unexpected("addXor", `a part of ${sum.length} bytes`, part.length);
  for (let index = 0; index < sum.length; index += 1) sum[index]! ^= part[index]!;
}
