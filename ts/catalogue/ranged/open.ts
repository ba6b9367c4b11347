/** `openRanged`: a catalogue that is searched without being loaded. */
import { asSageError, SageError } from "../../errors.js";
import {
  checkAbort,
  checkBoolean,
  checkInteger,
  checkKeys,
  inspect,
  toBytes,
  unexpected,
} from "../../values/check.js";
import { Catalogue } from "../catalogue.js";
import { BLOCKS, HEADER_BYTES } from "../sections.js";
import { openPartCache } from "./cache.js";
import { checkSourceName, nameOf } from "./check-search.js";
import { type FileHead, HEAD_BYTES, readFileHead } from "./format.js";
import { httpSource } from "./http.js";
import { loadResident } from "./resident.js";
import { createRanged } from "./search.js";
import {
  NoRanges,
  type RangeSource,
  type ReadOptions,
  type ReadTraffic,
  replaced,
  TransientError,
} from "./source.js";
import type { RangedCatalogue, RangedOptions } from "./types.js";
import { wholeCatalogue } from "./whole.js";

const DEFAULT_REQUESTS = 6;
const DEFAULT_BYTES = 400_000;
const DEFAULT_MEMORY = 2_000_000;
/** Largest value of a numeric option. */
const MAX_OPTION = 2 ** 32;

/**
 * Opens a catalogue that `pocketsage build --ranges` wrote: loads ids and sketches, about 46 bytes
 * an item of 256 dimensions, and no vectors. `source` is a URL, read by `httpSource`, or a
 * source.
 *
 * Rejects with code "retrieval" if the source fails, "corrupt" or "version" for bytes that are
 * no such file, "memory" if the ids and sketches do not fit, "option", and "aborted".
 */
export async function openRanged(
  source: RangeSource | string | URL,
  options: RangedOptions = {},
): Promise<RangedCatalogue> {
  const isUrl = typeof source === "string" || source instanceof URL;
  const opened = isUrl ? httpSource(source) : source;
  if (typeof opened?.read !== "function" || typeof opened.readWhole !== "function")
    throw unexpected("openRanged", "a URL or a source such as httpSource(url)", source);
  checkKeys("openRanged", options, [
    "maxRequests",
    "maxBytes",
    "memory",
    "cache",
    "whole",
    "signal",
  ]);
  checkSourceName(opened.name);
  const { signal, whole = true, cache = /^https?:/.test(opened.name) } = options;
  checkBoolean("openRanged: whole", whole);
  checkBoolean("openRanged: cache", cache);
  const integerOption = (
    name: "maxRequests" | "maxBytes" | "memory",
    standard: number,
    min: number,
  ): number => checkInteger(`openRanged: ${name}`, options[name] ?? standard, min, MAX_OPTION);
  const budget = {
    requests: integerOption("maxRequests", DEFAULT_REQUESTS, 1),
    bytes: integerOption("maxBytes", DEFAULT_BYTES, 1),
  };
  const memory = integerOption("memory", DEFAULT_MEMORY, 0);
  checkAbort(signal);
  const traffic = { requests: 0, bytes: 0 };
  const countedSource = countReads(opened, traffic);
  const head = await readHead(countedSource, { signal });
  if (head instanceof NoRanges || !head.sections.has(BLOCKS)) {
    if (!whole) {
      if (head instanceof NoRanges) await head.body?.cancel().catch(() => undefined);
      throw refuseWhole(countedSource.name, head);
    }
    const body = head instanceof NoRanges ? head.body : await countedSource.readWhole({ signal });
    const isPage = head instanceof NoRanges && head.isPage;
    const loading = loadWhole(body, signal, countedSource.name, traffic).catch(
      (error: SageError) => {
        throw isPage && error.code === "corrupt" ? webPage(countedSource.name) : error;
      },
    );
    return wholeCatalogue(await loading, traffic);
  }
  const parts = await openPartCache(opened.name, head.hash, memory, cache);
  const resident = await loadResident(countedSource, head, parts, { signal }).catch(
    async (error: SageError) => {
      if (error.code === "corrupt") await checkVersion(countedSource, head, { signal });
      throw error;
    },
  );
  checkAbort(signal);
  return createRanged({
    source: countedSource,
    address: opened.name,
    resident,
    cache: parts,
    budget,
    traffic,
  });
}

/** The head of the file; `NoRanges` if the source answers with the whole file. */
async function readHead(source: RangeSource, options: ReadOptions): Promise<FileHead | NoRanges> {
  try {
    return readFileHead(await readFirst(source, options), source.name);
  } catch (error) {
    if (error instanceof NoRanges) return error;
    throw error;
  }
}

/** The first bytes: of a file that is shorter than the longest head, those of the header. */
async function readFirst(source: RangeSource, options: ReadOptions): Promise<Uint8Array> {
  try {
    return await source.read(0, HEAD_BYTES, options);
  } catch (error) {
    if (!(error instanceof SageError) || error.code !== "retrieval") throw error;
    // It has nothing to do with the length of the file, and was repeated already.
    if (error instanceof TransientError) throw error;
    const header = await source.read(0, HEADER_BYTES, options).catch(async (refused: unknown) => {
      if (refused instanceof NoRanges) await refused.body?.cancel().catch(() => undefined);
      return undefined;
    });
    const view = header && new DataView(header.buffer, header.byteOffset);
    const length = view ? view.getUint32(40, true) : 0;
    if (length < HEADER_BYTES || length >= HEAD_BYTES) throw error;
    return source.read(0, length, options);
  }
}

/** Throws if the file is another one than when its head was read. */
async function checkVersion(
  source: RangeSource,
  { hash, length }: FileHead,
  options: ReadOptions,
): Promise<void> {
  const bytes = await source.read(0, Math.min(HEAD_BYTES, length), { ...options, fresh: true });
  const head = readFileHead(bytes, source.name);
  if (head.hash !== hash) throw replaced(source.name, hash, head.hash);
}

/** Reads the whole file; a transfer that fails has code "retrieval". */
async function loadWhole(
  body: ReadableStream<Uint8Array> | null,
  signal: AbortSignal | undefined,
  name: string,
  traffic: ReadTraffic,
): Promise<Catalogue> {
  if (!body) throw new SageError("retrieval", `${name} answered without a body.`);
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      traffic.bytes += chunk.length;
      controller.enqueue(chunk);
    },
  });
  try {
    return await Catalogue.fromBytes(body.pipeThrough(counter, signal ? { signal } : {}));
  } catch (error) {
    checkAbort(signal);
    if (error instanceof SageError) throw error;
    throw new SageError("retrieval", `${name} could not be downloaded: ${error}`, {
      cause: error,
    });
  }
}

function webPage(name: string): SageError {
  return new SageError(
    "retrieval",
    `${name} is a web page. Expected a .sage file: correct the URL, or upload the file.`,
  );
}

function refuseWhole(name: string, head: FileHead | NoRanges): SageError {
  if (head instanceof NoRanges && head.isPage) return webPage(name);
  return head instanceof NoRanges
    ? new SageError(
        "retrieval",
        `${name}: the server answered 200 instead of 206, so it serves no ranges. Use a host ` +
          "that does, or `whole: true` to load the whole file.",
      )
    : new SageError(
        "option",
        `${name} has no blocks: build it with \`pocketsage build --ranges\`, or use ` +
          "`whole: true` to load the whole file.",
      );
}

/** A source that adds its checked reads to `traffic`, with a name for messages. */
function countReads(source: RangeSource, traffic: ReadTraffic): RangeSource {
  const name = nameOf(source.name);
  /** Also for sources that throw or return no promise. */
  const call = async <T>(get: () => T, { signal }: ReadOptions): Promise<Awaited<T>> => {
    traffic.requests += 1;
    try {
      return await get();
    } catch (error) {
      checkAbort(signal);
      if (error instanceof NoRanges) throw error;
      throw asSageError(error, "retrieval", `${name} could not be read`);
    }
  };
  return {
    name,
    async read(offset, length, options) {
      const given = await call(() => source.read(offset, length, options), options);
      const bytes = toBytes(given);
      if (bytes?.length !== length)
        throw new SageError(
          "retrieval",
          `${name}: expected ${length} bytes, the source returned ` +
            `${bytes ? bytes.length : inspect(given)}.`,
        );
      traffic.bytes += length;
      // A Buffer of Node can begin anywhere in a larger one, and its `slice` does not copy.
      const isPlain = Object.getPrototypeOf(bytes) === Uint8Array.prototype;
      return isPlain && bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes);
    },
    readWhole: (options) => call(() => source.readWhole(options), options),
  };
}
