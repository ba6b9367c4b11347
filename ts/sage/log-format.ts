/**
 * The binary format of a log: the content of a store and the result of `export()`. Numbers are
 * little-endian.
 *
 * | offset       | content                                                                 |
 * | ------------ | ----------------------------------------------------------------------- |
 * | 0            | magic: the 8 bytes "sage.log"                                           |
 * | 8            | u32: version, currently 1                                               |
 * | 12           | u32: h, header length in bytes, a multiple of 4                         |
 * | 16           | header: JSON in UTF-8, padded with spaces to h bytes                    |
 * | 16 + h       | vectors recorded with their actions, `dim` f32 each, in action order    |
 * | last 4 bytes | u32: checksum, the low 32 bits of the XXH64 of all preceding bytes      |
 *
 * The header is `{ dim, items, kinds, hidden, actions: { item, at, weight, kind, vector } }`.
 * `items` and `kinds` are lists of names. `actions` has one column per property: `item` and `kind`
 * are indices into these lists, a missing weight or kind is null, and `vector` is true for actions
 * recorded with a vector. The vectors of all other actions come from the catalogue and are not
 * stored.
 *
 * Magic, version and checksum keep their offsets in every version, which separates damage
 * ("corrupt") from a newer format ("version").
 */

import { toBytes } from "../check.js";
import { withCore } from "../core/glue.js";
import { SageError } from "../errors.js";
import type { BytesLike } from "../item.js";
import type { Entry, Log } from "./log.js";

const MAGIC = "sage.log";
const VERSION = 1;
const PREFIX_BYTES = 16;
const CHECKSUM_BYTES = 4;

/** The JSON header; the head of this file describes its fields. */
interface Header {
  dim: number;
  items: string[];
  kinds: string[];
  hidden: string[];
  actions: {
    item: number[];
    at: number[];
    weight: (number | null)[];
    kind: (number | null)[];
    vector: boolean[];
  };
}

/** Encode a log. Deterministic: equal logs have equal bytes. O(n dim) for n actions. */
export function encodeLog(log: Log, dim: number): Uint8Array {
  const header = new TextEncoder().encode(JSON.stringify(toHeader(log, dim)));
  const vectors = log.entries.flatMap((entry) => entry.vector ?? []);
  const headerBytes = Math.ceil(header.length / 4) * 4;
  const bytes = new Uint8Array(
    PREFIX_BYTES + headerBytes + vectors.length * dim * 4 + CHECKSUM_BYTES,
  );
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(MAGIC));
  view.setUint32(8, VERSION, true);
  view.setUint32(12, headerBytes, true);
  bytes.fill(0x20, PREFIX_BYTES, PREFIX_BYTES + headerBytes).set(header, PREFIX_BYTES);
  // Typed arrays use native byte order: little-endian on every platform with WebAssembly.
  const vectorBlock = new Float32Array(
    bytes.buffer,
    PREFIX_BYTES + headerBytes,
    vectors.length * dim,
  );
  vectors.forEach((vector, row) => vectorBlock.set(vector, row * dim));
  const vectorsEnd = bytes.length - CHECKSUM_BYTES;
  view.setUint32(
    vectorsEnd,
    withCore((core) => core.checksum(bytes.subarray(0, vectorsEnd))),
    true,
  );
  return bytes;
}

/**
 * Decode a log. Throws "corrupt", "version", or "dimension" if it has vectors of a length other
 * than `dim`.
 */
export function decodeLog(given: BytesLike, dim: number): Log {
  const bytes = toBytes(given);
  if (!bytes) throw new SageError("option", "A stored profile: expected a Uint8Array.");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const vectorsEnd = checkEnvelope(bytes, view);
  const vectorsStart = PREFIX_BYTES + view.getUint32(12, true);
  if (vectorsStart > vectorsEnd) throw corrupt("its header is longer than the bytes");
  const header = readHeader(bytes.subarray(PREFIX_BYTES, vectorsStart));
  const vectorCount = header.actions.vector.filter(Boolean).length;
  if (vectorsStart + vectorCount * header.dim * 4 !== vectorsEnd)
    throw corrupt(`its length does not fit ${vectorCount} vectors`);
  if (vectorCount > 0 && header.dim !== dim) {
    throw new SageError(
      "dimension",
      `The stored profile has vectors of ${header.dim} numbers, expected ${dim}.`,
    );
  }
  // A new Uint8Array copies and aligns the bytes; Node's Buffer.slice does neither.
  return toLog(
    header,
    new Float32Array(new Uint8Array(bytes.subarray(vectorsStart, vectorsEnd)).buffer),
  );
}

function toHeader(log: Log, dim: number): Header {
  const { entries } = log;
  const items = indexNames(entries.map(({ item }) => item));
  const kinds = indexNames(entries.flatMap(({ kind }) => kind ?? []));
  return {
    dim,
    items: [...items.keys()],
    kinds: [...kinds.keys()],
    hidden: [...log.hidden],
    actions: {
      item: entries.map(({ item }) => items.get(item)!),
      at: entries.map(({ at }) => at),
      weight: entries.map(({ weight }) => weight ?? null),
      kind: entries.map(({ kind }) => (kind === undefined ? null : kinds.get(kind)!)),
      vector: entries.map(({ vector }) => vector !== undefined),
    },
  };
}

function indexNames(names: readonly string[]): Map<string, number> {
  const indexOf = new Map<string, number>();
  for (const name of names) if (!indexOf.has(name)) indexOf.set(name, indexOf.size);
  return indexOf;
}

/** Validate magic, checksum and version, in this order. Returns the end offset of the vectors. */
function checkEnvelope(bytes: Uint8Array, view: DataView): number {
  const vectorsEnd = bytes.length - CHECKSUM_BYTES;
  if (vectorsEnd < PREFIX_BYTES) throw corrupt(`it has only ${bytes.length} bytes`);
  if (new TextDecoder().decode(bytes.subarray(0, MAGIC.length)) !== MAGIC)
    throw corrupt(`it does not begin with "${MAGIC}"`);
  if (
    withCore((core) => core.checksum(bytes.subarray(0, vectorsEnd))) !==
    view.getUint32(vectorsEnd, true)
  )
    throw corrupt("its checksum does not match");
  const version = view.getUint32(8, true);
  if (version !== VERSION) {
    throw new SageError(
      "version",
      `The stored profile has format version ${version}, expected ${VERSION}: update pocketsage.`,
    );
  }
  return vectorsEnd;
}

/** Parse and validate the header: a valid checksum does not rule out hostile bytes. */
function readHeader(bytes: Uint8Array): Header {
  let header: Header;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as Header;
  } catch (cause) {
    throw corrupt("its header is not JSON", cause);
  }
  const { dim, items, kinds, hidden, actions } = header ?? {};
  const { item, at, weight, kind, vector } = actions ?? {};
  const columns: [values: unknown, isValid: (value: unknown) => boolean][] = [
    [items, isNonEmptyString],
    [kinds, (name) => typeof name === "string"],
    [hidden, isNonEmptyString],
    [item, (index) => isIndex(index, items)],
    [at, (time) => Number.isFinite(time)],
    [weight, (given) => given === null || (Number.isFinite(given) && Number(given) > 0)],
    [kind, (index) => index === null || isIndex(index, kinds)],
    [vector, (included) => typeof included === "boolean"],
  ];
  const valid = columns.every(
    ([values, isValid]) => Array.isArray(values) && values.every(isValid),
  );
  const actionCount = item?.length;
  if (
    !valid ||
    [at, weight, kind, vector].some((values) => values?.length !== actionCount) ||
    !Number.isSafeInteger(dim) ||
    dim < 1
  ) {
    throw corrupt("its header does not describe a log");
  }
  return header;
}

function toLog({ dim, items, kinds, hidden, actions }: Header, vectors: Float32Array): Log {
  let nextVector = 0;
  const entries = actions.item.map((item, row): Entry => {
    const weight = actions.weight[row] ?? undefined;
    const kind = actions.kind[row] ?? undefined;
    const entry: { -readonly [Key in keyof Entry]: Entry[Key] } = {
      item: items[item]!,
      at: actions.at[row]!,
    };
    if (weight !== undefined) entry.weight = weight;
    if (kind !== undefined) entry.kind = kinds[kind]!;
    if (actions.vector[row]) {
      // Views of one private block: copying took a quarter of the decoding time.
      entry.vector = vectors.subarray(nextVector * dim, ++nextVector * dim);
      if (!allFinite(entry.vector)) throw corrupt(`the vector of "${entry.item}" is not finite`);
    }
    return entry;
  });
  return { entries, hidden: new Set(hidden) };
}

/**
 * Branch-free: 0 * x is 0 for finite x and NaN otherwise. (`every` took half the time of decoding a
 * log.)
 */
function allFinite(vector: Float32Array): boolean {
  let sum = 0;
  for (let i = 0; i < vector.length; i += 1) sum += vector[i]! * 0;
  return sum === 0;
}

function isNonEmptyString(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

function isIndex(value: unknown, names: unknown): boolean {
  return (
    Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) < (names as string[]).length
  );
}

function corrupt(reason: string, cause?: unknown): SageError {
  return new SageError(
    "corrupt",
    `Not a stored profile, or a damaged one: ${reason}. Nothing was changed; ` +
      '`unreadable: "set-aside"` copies stored bytes aside and starts empty.',
    { cause },
  );
}
