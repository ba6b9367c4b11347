/** Loads the part of a file that stays in memory: sketches of the rows, ids, small sections. */
import { SageError } from "../../errors.js";
import { decodePriors } from "../priors.js";
import {
  ATTRIBUTES,
  BLOCKS,
  ID_OFFSETS,
  ID_ORDER,
  IDS,
  NORMS,
  PRIORS,
  REMOVED,
  SCALES,
  SPACE,
} from "../sections.js";
import type { PartCache } from "./cache.js";
import { type BlockTable, corrupt, type FileHead, readBlocks } from "./format.js";
import { hash64 } from "./hash.js";
import { type IdTable, readIds } from "./ids.js";
import type { RowValues } from "./score.js";
import type { RangeSource, ReadOptions } from "./source.js";

/** The part of a catalogue that is in memory. */
export interface ResidentPart {
  readonly head: FileHead;
  readonly table: BlockTable;
  readonly ids: IdTable;
  readonly values: RowValues;
  /** Prior of each row; empty without priors. */
  readonly priors: Float32Array;
  /** Bitset of removed rows; empty if there are none. */
  readonly removed: Uint32Array;
  /** Name of the vector space. */
  readonly space: string | undefined;
  /** Number of items. */
  readonly size: number;
  readonly byteLength: number;
}

/** Reads sections as a whole: from the cache, or from the source and into the cache. */
function sectionReader(
  source: RangeSource,
  head: FileHead,
  cache: PartCache,
): (kind: number, hash: string | undefined, options: ReadOptions) => Promise<Uint8Array> {
  return async (kind, hash, options) => {
    const range = head.sections.get(kind);
    if (!range || range.length === 0) return new Uint8Array();
    const part = `section-${kind}`;
    const isValid = (bytes: Uint8Array): boolean => hash === undefined || hash64(bytes) === hash;
    const cached = await cache.get(part);
    if (cached?.length === range.length && isValid(cached)) return cached;
    for (const fresh of [false, true]) {
      const bytes = await source.read(range.offset, range.length, { ...options, fresh });
      if (!isValid(bytes)) continue;
      cache.put(part, bytes, false);
      return bytes;
    }
    throw corrupt(source.name, `section ${kind} does not match its hash`);
  };
}

/** Loads the part of a file that is in memory. Rejects with code "corrupt" for altered bytes. */
export async function loadResident(
  source: RangeSource,
  head: FileHead,
  cache: PartCache,
  options: ReadOptions,
): Promise<ResidentPart> {
  const { name } = source;
  const read = sectionReader(source, head, cache);
  // The hash of this section is its first 8 bytes; `readBlocks` verifies it.
  const bytes = await read(BLOCKS, undefined, options).catch((error: SageError) => {
    // The error of an allocation that failed, as sources pass it on.
    throw error.cause instanceof RangeError ? notEnoughMemory(name, head) : error;
  });
  const table = await readTable(bytes, head, cache, source, options);
  const section = (kind: number): Promise<Uint8Array> =>
    read(kind, table.sectionHash(kind), options);
  const floats = async (kind: number): Promise<Float32Array | undefined> => {
    const values = await section(kind);
    if (values.length !== head.rows * 4) throw corrupt(name, `section ${kind} has a wrong length`);
    return new Float32Array(values.buffer, values.byteOffset, head.rows);
  };
  const offsets = await section(ID_OFFSETS);
  const idBytes = await section(IDS);
  const order = await section(ID_ORDER);
  const removedBytes = await section(REMOVED);
  const priorBytes = await section(PRIORS);
  const space = new TextDecoder().decode(await section(SPACE)) || undefined;
  const isRemovedValid = [0, Math.ceil(head.rows / 32) * 4].includes(removedBytes.length);
  if (offsets.length !== head.rows * 4 || !isRemovedValid)
    throw corrupt(name, "the ids or the removed rows have a wrong length");
  const scales = table.scalesFollow ? undefined : await floats(SCALES);
  const norms = head.metric === "l2" ? await floats(NORMS) : undefined;
  const ids = readIds(offsets, idBytes, order, name);
  const priors = decodePriors(new Uint16Array(priorBytes.slice().buffer));
  const rowBytes = [scales, norms, priors, removedBytes].reduce(
    (sum, values) => sum + (values?.byteLength ?? 0),
    0,
  );
  return {
    head,
    table,
    ids,
    priors,
    space,
    values: { scales, norms },
    removed: new Uint32Array(
      removedBytes.buffer,
      removedBytes.byteOffset,
      removedBytes.length >> 2,
    ),
    size: order.length >> 2,
    byteLength: head.sections.get(BLOCKS)!.length + ids.byteLength + rowBytes,
  };
}

/** Verifies the section of blocks; reads it once more if the cache or the answer was damaged. */
async function readTable(
  bytes: Uint8Array,
  head: FileHead,
  cache: PartCache,
  source: RangeSource,
  options: ReadOptions,
): Promise<BlockTable> {
  try {
    return readBlocks(bytes, head, source.name);
  } catch (error) {
    if (!(error instanceof SageError) || error.code !== "corrupt") throw error;
    cache.drop(`section-${BLOCKS}`);
    const { offset, length } = head.sections.get(BLOCKS)!;
    const freshBytes = await source.read(offset, length, { ...options, fresh: true });
    const table = readBlocks(freshBytes, head, source.name);
    cache.put(`section-${BLOCKS}`, freshBytes, false);
    return table;
  }
}

/** The attributes of all rows, for filters. */
export function readAttributeBytes(
  { head, table }: ResidentPart,
  source: RangeSource,
  cache: PartCache,
  options: ReadOptions,
): Promise<Uint8Array> {
  return sectionReader(source, head, cache)(ATTRIBUTES, table.sectionHash(ATTRIBUTES), options);
}

function notEnoughMemory(name: string, head: FileHead): SageError {
  const { length } = head.sections.get(BLOCKS)!;
  return new SageError(
    "memory",
    `${name}: the sketches take ${length} bytes of memory, which are not available.`,
  );
}
