/**
 * The binary format of a log: a segment in a store, and the result of `export()`. Logs one after
 * the other are one log, their union. Numbers are little-endian.
 *
 * | offset       | content                                                                 |
 * | ------------ | ----------------------------------------------------------------------- |
 * | 0            | magic: the 8 bytes "sage.log"                                           |
 * | 8            | u32: version, currently 2                                               |
 * | 12           | u32: h, header length in bytes, a multiple of 4                         |
 * | 16           | u32: length of this log in bytes                                        |
 * | 20           | header: JSON in UTF-8, padded with spaces to h bytes                    |
 * | 20 + h       | vectors recorded with their actions, `dim` f32 each, in action order    |
 * | last 4 bytes | u32: checksum, the low 32 bits of the XXH64 of all preceding bytes      |
 *
 * docs/format.md describes the header. Version 1 has its header at offset 16 and no ids; they are
 * derived from the content, so that every device derives the same ones.
 *
 * Magic, version and checksum keep their offsets in every version, which separates damage
 * ("corrupt") from a newer format ("version"). More than 400 lines: what writes and what reads the
 * format changes together.
 */

import { withCore } from "../core/glue.js";
import { SageError } from "../errors.js";
import type { BytesLike } from "../item.js";
import { checkBytes, isItemId } from "../values/check.js";
import { LIMITS } from "../values/limits.js";
import { commonSpace } from "../values/space.js";
import {
  compareEntries,
  compareStamps,
  type Entry,
  hashText,
  type LogData,
  type Mark,
  type Stamp,
  type Tombstone,
} from "./operation.js";

const MAGIC = "sage.log";
const VERSION = 2;
const PREFIX_BYTES = 20;
const PREFIX_BYTES_OF_VERSION_1 = 16;
const CHECKSUM_BYTES = 4;

/**
 * The keys of all objects in a header. JSON.stringify writes them in this order and omits others,
 * so equal logs have equal bytes.
 */
const KEYS = [
  "dim",
  "space",
  "devices",
  "actions",
  "hidden",
  "tombstones",
  "counter",
  "device",
  "item",
  "time",
  "salt",
  "hash",
  "unhide",
  "undislike",
  "from",
  "to",
  "all",
  "factor",
  "after",
];

/** An action in a header. `device` is an index into `devices`; `vector`: 1 if it has a vector. */
type ActionRow = [
  counter: number,
  device: number,
  item: string,
  at: number,
  weight: number | null,
  kind: string | null,
  vector: 0 | 1,
  after?: readonly Stamp[],
];

/** The JSON header. */
interface Header {
  dim: number;
  space?: string | undefined;
  devices: string[];
  actions: ActionRow[];
  hidden: readonly Mark[];
  tombstones: readonly Tombstone[];
}

/** The JSON header of version 1. Names are indices into lists. */
interface HeaderOfVersion1 {
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

/** The operations decoded from a header, not validated yet. */
interface Decoded extends LogData {
  readonly dim: number;
  /** Actions, which get their vectors later. */
  readonly entries: readonly Writable[];
  /** 1 for each action that has a vector, else 0. */
  readonly vectorCounts: readonly number[];
}

type Writable = { -readonly [Key in keyof Entry]: Entry[Key] };

/** Encode a log. Equal logs have equal bytes. O(n dim) for n actions. */
export function encodeLog(log: LogData, dim: number): Uint8Array {
  const entries = [...log.entries].sort(compareEntries);
  const header = new TextEncoder().encode(JSON.stringify(toHeader(log, entries, dim), KEYS));
  const vectors = entries.flatMap((entry) => entry.vector ?? []);
  const headerBytes = Math.ceil(header.length / 4) * 4;
  const start = PREFIX_BYTES + headerBytes;
  const bytes = new Uint8Array(start + vectors.length * dim * 4 + CHECKSUM_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(MAGIC));
  view.setUint32(8, VERSION, true);
  view.setUint32(12, headerBytes, true);
  view.setUint32(16, bytes.length, true);
  bytes.fill(0x20, PREFIX_BYTES, start).set(header, PREFIX_BYTES);
  // Typed arrays use native byte order: little-endian on every platform with WebAssembly.
  const vectorBlock = new Float32Array(bytes.buffer, start, vectors.length * dim);
  vectors.forEach((vector, row) => vectorBlock.set(vector, row * dim));
  view.setUint32(bytes.length - CHECKSUM_BYTES, checksumOf(bytes), true);
  return bytes;
}

/**
 * Decode a log, or several one after the other. Throws "corrupt", "version", or "dimension" if it
 * has vectors of a length other than `dim`, or of two spaces, `space` included. The vectors are
 * views of the bytes if these are constant, else of a copy.
 */
export function decodeLog(
  given: BytesLike,
  dim: number,
  isConstant = false,
  space?: string,
): LogData {
  const bytes = checkBytes("A stored profile", given);
  const logs: LogData[] = [];
  let remainingBytes = bytes;
  do {
    const length = lengthOfFirst(remainingBytes);
    logs.push(decodeOne(remainingBytes.subarray(0, length), dim, isConstant, space));
    remainingBytes = remainingBytes.subarray(length);
  } while (remainingBytes.length > 0);
  return combineLogs(logs);
}

/** All operations of the logs. Throws "dimension" for logs of two vector spaces. */
export function combineLogs(logs: readonly LogData[]): LogData {
  if (logs.length === 1) return logs[0]!;
  return {
    space: commonSpace(logs),
    entries: logs.flatMap(({ entries }) => entries),
    marks: logs.flatMap(({ marks }) => marks),
    tombstones: logs.flatMap(({ tombstones }) => tombstones),
  };
}

/** The error for bytes that cannot be decoded. */
export function corrupt(reason: string, cause?: unknown): SageError {
  return new SageError(
    "corrupt",
    `Not a stored profile, or a damaged one: ${reason}. Nothing was changed.`,
    { cause },
  );
}

function toHeader(log: LogData, entries: readonly Entry[], dim: number): Header {
  const devices = new Map<string, number>();
  for (const { device } of entries) if (!devices.has(device)) devices.set(device, devices.size);
  return {
    dim,
    space: entries.some(({ vector }) => vector) ? log.space : undefined,
    devices: [...devices.keys()],
    actions: entries.map(
      ({ counter, device, item, at, weight = null, kind = null, vector, after }): ActionRow => {
        const row: ActionRow = [counter, devices.get(device)!, item, at, weight, kind, 0];
        if (vector) row[6] = 1;
        if (after) row[7] = after;
        return row;
      },
    ),
    hidden: [...log.marks].sort(compareStamps),
    tombstones: [...log.tombstones].sort(compareStamps),
  };
}

/** The length of the log that the bytes begin with. A log of another version ends with them. */
function lengthOfFirst(bytes: Uint8Array): number {
  if (bytes.length < PREFIX_BYTES) throw corrupt(`it has only ${bytes.length} bytes`);
  if (new TextDecoder().decode(bytes.subarray(0, MAGIC.length)) !== MAGIC)
    throw corrupt(`it does not begin with "${MAGIC}"`);
  const view = viewOf(bytes);
  const length = view.getUint32(8, true) === VERSION ? view.getUint32(16, true) : bytes.length;
  if (length > bytes.length || length < PREFIX_BYTES)
    throw corrupt(`it has ${bytes.length} bytes of ${length}`);
  return length;
}

function decodeOne(
  bytes: Uint8Array,
  dim: number,
  isConstant: boolean,
  expectedSpace: string | undefined,
): LogData {
  const view = viewOf(bytes);
  const end = bytes.length - CHECKSUM_BYTES;
  if (checksumOf(bytes) !== view.getUint32(end, true)) throw corrupt("its checksum does not match");
  const version = view.getUint32(8, true);
  if (version < 1 || version > VERSION) {
    throw new SageError(
      "version",
      `The stored profile has format version ${version}, expected at most ${VERSION}: ` +
        "update pocketsage.",
    );
  }
  const prefix = version === 1 ? PREFIX_BYTES_OF_VERSION_1 : PREFIX_BYTES;
  const start = prefix + view.getUint32(12, true);
  if (start > end) throw corrupt("its header is longer than the bytes");
  const log = readHeader(bytes.subarray(prefix, start), version);
  const vectorCount = log.vectorCounts.filter(Boolean).length;
  if (start + vectorCount * log.dim * 4 !== end)
    throw corrupt(`its length does not fit ${vectorCount} vectors`);
  const space = vectorCount > 0 ? log.space : undefined;
  commonSpace([{ space }, { space: expectedSpace }]);
  if (vectorCount > 0 && log.dim !== dim) {
    throw new SageError(
      "dimension",
      `The stored profile has vectors of ${log.dim} numbers, expected ${dim}: ` +
        "convert the history with pocketsage/migrate.",
    );
  }
  const vectorBytes = bytes.subarray(start, end);
  // A copy of 15 MB takes 10 ms. A new Uint8Array is one, aligned; the slice of a Buffer is none.
  const { buffer, byteOffset } =
    isConstant && vectorBytes.byteOffset % 4 === 0 ? vectorBytes : new Uint8Array(vectorBytes);
  const block = new Float32Array(buffer, byteOffset, vectorCount * log.dim);
  const { entries, marks, tombstones } = log;
  const withVectors = entries.filter((_, row) => log.vectorCounts[row]);
  // The runtime's own search takes 10 ms for 15 MB. A loop takes 10 to 80 ms in a new page, where
  // it runs before it is compiled.
  if ([NaN, Infinity, -Infinity].some((value) => block.includes(value))) {
    const index = block.findIndex((component) => !Number.isFinite(component));
    const { item } = withVectors[Math.floor(index / dim)]!;
    throw corrupt(`the vector of "${item}" is not finite`);
  }
  withVectors.forEach((entry, row) => {
    // Views: copying each vector took a quarter of the decoding time.
    entry.vector = block.subarray(row * dim, (row + 1) * dim);
  });
  return { space, entries, marks, tombstones };
}

/** Parse and validate the header: a valid checksum does not rule out hostile bytes. */
function readHeader(bytes: Uint8Array, version: number): Decoded {
  let cause: unknown;
  try {
    const header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    const log = version === 1 ? fromHeaderOfVersion1(header) : fromHeader(header);
    if (isValid(log)) return log;
  } catch (error) {
    cause = error;
  }
  throw corrupt("its header does not describe a log", cause);
}

/** Throws for a header of another shape; the values are not validated. */
function fromHeader({ dim, space, devices, actions, hidden, tombstones }: Header): Decoded {
  return {
    dim,
    space,
    entries: actions.map(([counter, device, item, at, weight, kind, , after]) => {
      const entry: Writable = { counter, device: devices[device]!, item, at };
      if (weight !== null) entry.weight = weight;
      if (kind !== null) entry.kind = kind;
      if (after) entry.after = after;
      return entry;
    }),
    vectorCounts: actions.map((row) => row[6]),
    marks: hidden,
    tombstones,
  };
}

/**
 * Ids of a log of version 1: equal for equal content and position among equal actions, so that an
 * export that is imported twice, or on two devices, adds nothing twice.
 */
function fromHeaderOfVersion1({ dim, items, kinds, hidden, actions }: HeaderOfVersion1): Decoded {
  const copyCounts = new Map<string, number>();
  return {
    dim,
    entries: actions.item.map((index, row) => {
      const item = items[index]!;
      const at = actions.at[row]!;
      const weight = actions.weight[row]!;
      const kind = actions.kind[row] === null ? null : kinds[actions.kind[row]!]!;
      const content = JSON.stringify([item, at, weight, kind]);
      const copyNumber = copyCounts.get(content) ?? 0;
      copyCounts.set(content, copyNumber + 1);
      return {
        item,
        at,
        counter: 0,
        device: hashText(`${content} ${copyNumber}`),
        ...(weight !== null && { weight }),
        ...(kind !== null && { kind }),
      };
    }),
    vectorCounts: actions.vector.map(Number),
    marks: hidden.map((item) => ({ item, counter: 0, device: "0".repeat(16) })),
    tombstones: [],
  };
}

/** Whether all values are valid. Can throw instead of returning false. */
function isValid({ dim, space, entries, vectorCounts, marks, tombstones }: Decoded): boolean {
  const isStamp = ({ counter, device }: Stamp): boolean => isCount(counter) && isHex(device, 16);
  const areStamps = (stamps?: readonly Stamp[]): boolean =>
    stamps === undefined || stamps.every(isStamp);
  const isRemovable = (operation: Mark): boolean =>
    isStamp(operation) && isItemId(operation.item) && areStamps(operation.after);
  const isTime = (time: number | null): boolean => time === null || Number.isFinite(time);
  /** What a tombstone removes: all, a period, or the operations of one item. */
  const isTarget = (tombstone: Tombstone): boolean => {
    if ("all" in tombstone) return tombstone.all === true && areStamps(tombstone.after);
    if ("from" in tombstone) return isTime(tombstone.from) && isTime(tombstone.to);
    const { salt, hash, unhide, undislike } = tombstone;
    return (
      isHex(salt, 32) &&
      isHex(hash, 16) &&
      [unhide, undislike].every((flag) => flag === undefined || flag === true)
    );
  };
  return (
    isCount(dim) &&
    dim > 0 &&
    vectorCounts.length === entries.length &&
    vectorCounts.every((count) => count === 0 || count === 1) &&
    (space === undefined || isText(space)) &&
    // The kind of an operation is recognized by its keys: none may have the keys of another kind.
    marks.every(
      (mark) =>
        isRemovable(mark) &&
        !("at" in mark) &&
        !("time" in mark) &&
        (mark.factor === undefined ||
          (Number.isFinite(mark.factor) && mark.factor >= 0 && mark.factor <= LIMITS.maxWeight)),
    ) &&
    entries.every(
      (entry) =>
        isRemovable(entry) &&
        Number.isFinite(entry.at) &&
        (entry.weight === undefined || (Number.isFinite(entry.weight) && entry.weight !== 0)) &&
        (entry.kind === undefined || isText(entry.kind)),
    ) &&
    tombstones.every(
      (tombstone) =>
        isStamp(tombstone) &&
        Number.isFinite(tombstone.time) &&
        !("at" in tombstone) &&
        isTarget(tombstone),
    )
  );
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

function isHex(value: string, digits: number): boolean {
  return isText(value) && value.length === digits && /^[0-9a-f]*$/.test(value);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** The checksum of all bytes but the last four. */
function checksumOf(bytes: Uint8Array): number {
  return withCore((core) => core.checksum(bytes.subarray(0, -CHECKSUM_BYTES)));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
