/**
 * The log as bytes: what a store keeps and what `export()` gives. All numbers are little-endian.
 *
 * | offset    | what                                                                                   |
 * | --------- | -------------------------------------------------------------------------------------- |
 * | 0         | the 8 bytes "sage.log"                                                                 |
 * | 8         | u32: version, now 1                                                                    |
 * | 12        | u32: h, the length of the header, a multiple of 4                                      |
 * | 16        | the header: JSON in UTF-8, padded with spaces                                          |
 * | 16 + h    | the vectors that came with the actions, `dim` f32 each, in the order of their actions  |
 * | the end   | u32: checksum, the low 32 bits of the XXH64 of everything before it                    |
 *
 * The header is `{ dim, items, kinds, hidden, actions: { item, at, weight, kind, vector } }`: `items` and `kinds` are lists of names, and
 * `actions` has one column per property, with an index into those lists for `item` and `kind`, null for a weight or kind that was not
 * given, and true for an action that brought its vector. An action that did not has the vector its catalogue knows, which is not stored.
 *
 * Magic, version and checksum stay where they are in every version, so that damage ("corrupt") and age ("version") can be told apart.
 */

import { withCore } from "../core/glue.js";
import { SageError } from "../errors.js";
import type { Entry, Log } from "./log.js";

const MAGIC = "sage.log";
const VERSION = 1;
const FRONT = 16;
const CHECKSUM = 4;

/** The columns of the header. */
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

/** The bytes of a log. The same log always gives the same bytes. */
export function encodeLog(log: Log, dim: number): Uint8Array {
  const header = new TextEncoder().encode(JSON.stringify(describe(log, dim)));
  const vectors = log.entries.flatMap((entry) => entry.vector ?? []);
  const padded = Math.ceil(header.length / 4) * 4;
  const bytes = new Uint8Array(FRONT + padded + vectors.length * dim * 4 + CHECKSUM);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(MAGIC));
  view.setUint32(8, VERSION, true);
  view.setUint32(12, padded, true);
  bytes.fill(0x20, FRONT, FRONT + padded).set(header, FRONT);
  // Typed arrays have the byte order of the machine: little-endian wherever this package runs.
  const block = new Float32Array(bytes.buffer, FRONT + padded, vectors.length * dim);
  vectors.forEach((vector, row) => block.set(vector, row * dim));
  const end = bytes.length - CHECKSUM;
  view.setUint32(
    end,
    withCore((core) => core.checksum(bytes.subarray(0, end))),
    true,
  );
  return bytes;
}

/** The log in these bytes. Throws "corrupt", "version", or "dimension" when it holds vectors of another length than `dim`. */
export function decodeLog(bytes: Uint8Array, dim: number): Log {
  if (!(bytes instanceof Uint8Array))
    throw new SageError("option", "A stored profile: expected a Uint8Array of bytes.");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = checkFrame(bytes, view);
  const start = FRONT + view.getUint32(12, true);
  if (start > end) throw corrupt("its header is longer than the bytes");
  const header = readHeader(bytes.subarray(FRONT, start));
  const brought = header.actions.vector.filter(Boolean).length;
  if (start + brought * header.dim * 4 !== end) throw corrupt("its vectors do not fill the bytes");
  if (brought > 0 && header.dim !== dim) {
    throw new SageError(
      "dimension",
      `The stored profile has vectors of ${header.dim} numbers, expected ${dim}.`,
    );
  }
  // A new Uint8Array is a copy, and aligned; the slice of a Node Buffer is neither.
  return rebuild(header, new Float32Array(new Uint8Array(bytes.subarray(start, end)).buffer));
}

function describe(log: Log, dim: number): Header {
  const { entries } = log;
  const items = numbering(entries.map(({ item }) => item));
  const kinds = numbering(entries.flatMap(({ kind }) => kind ?? []));
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

function numbering(names: readonly string[]): Map<string, number> {
  const numbers = new Map<string, number>();
  for (const name of names) if (!numbers.has(name)) numbers.set(name, numbers.size);
  return numbers;
}

/** Checks magic, checksum, then version; returns where the vectors end. */
function checkFrame(bytes: Uint8Array, view: DataView): number {
  const end = bytes.length - CHECKSUM;
  if (end < FRONT) throw corrupt(`it has only ${bytes.length} bytes`);
  if (new TextDecoder().decode(bytes.subarray(0, MAGIC.length)) !== MAGIC)
    throw corrupt(`it does not begin with "${MAGIC}"`);
  if (withCore((core) => core.checksum(bytes.subarray(0, end))) !== view.getUint32(end, true))
    throw corrupt("its checksum does not match");
  const version = view.getUint32(8, true);
  if (version !== VERSION) {
    throw new SageError(
      "version",
      `The stored profile has version ${version}, this pocketsage reads version ${VERSION}: use the newer pocketsage that wrote it.`,
    );
  }
  return end;
}

/** The checksum guards against damage; this guards against bytes that were made to look right. */
function readHeader(text: Uint8Array): Header {
  let header: Header;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(text)) as Header;
  } catch (cause) {
    throw corrupt("its header is not JSON", cause);
  }
  const { dim, items, kinds, hidden, actions } = header ?? {};
  const { item, at, weight, kind, vector } = actions ?? {};
  const columns: [unknown, (value: unknown) => boolean][] = [
    [items, isName],
    [kinds, (name) => typeof name === "string"],
    [hidden, isName],
    [item, (index) => isIndex(index, items)],
    [at, (time) => Number.isFinite(time)],
    [weight, (given) => given === null || (Number.isFinite(given) && Number(given) > 0)],
    [kind, (index) => index === null || isIndex(index, kinds)],
    [vector, (brought) => typeof brought === "boolean"],
  ];
  const sound = columns.every(([column, valid]) => Array.isArray(column) && column.every(valid));
  const count = item?.length;
  if (
    !sound ||
    [at, weight, kind, vector].some((column) => column?.length !== count) ||
    !Number.isSafeInteger(dim) ||
    dim < 1
  ) {
    throw corrupt("its header does not describe a log");
  }
  return header;
}

function rebuild({ dim, items, kinds, hidden, actions }: Header, vectors: Float32Array): Log {
  let next = 0;
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
      // Views of one block, which is nobody else's: copies took a quarter of the time.
      entry.vector = vectors.subarray(next * dim, ++next * dim);
      if (!allFinite(entry.vector)) throw corrupt(`the vector of "${entry.item}" is not finite`);
    }
    return entry;
  });
  return { entries, hidden: new Set(hidden) };
}

/** Zero times what is finite is zero, times anything else it is not. (`every` took half the time of reading a log.) */
function allFinite(vector: Float32Array): boolean {
  let zero = 0;
  for (let i = 0; i < vector.length; i += 1) zero += vector[i]! * 0;
  return zero === 0;
}

function isName(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

function isIndex(value: unknown, names: unknown): boolean {
  return (
    Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) < (names as string[]).length
  );
}

function corrupt(why: string, cause?: unknown): SageError {
  return new SageError(
    "corrupt",
    `This is not a stored profile, or a damaged one: ${why}. Nothing was touched; ` +
      '`unreadable: "set-aside"` puts what a store holds aside and starts empty.',
    { cause },
  );
}
