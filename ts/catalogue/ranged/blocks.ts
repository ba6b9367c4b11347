/** Reads blocks: from the caches or the source, joined into few requests, each verified. */
import { SageError } from "../../errors.js";
import { joinBytes } from "../../values/bytes.js";
import { checkAbort } from "../../values/check.js";
import type { PartCache } from "./cache.js";
import {
  type BlockTable,
  type ByteRange,
  type FileHead,
  HEAD_BYTES,
  payloadOffsets,
  payloadTexts,
  readFileHead,
  vectorRanges,
} from "./format.js";
import { hash64 } from "./hash.js";
import { joinRuns, type Run } from "./plan.js";
import { type RangeSource, type ReadOptions, replaced } from "./source.js";

/** Largest read of `scan`, in bytes. */
const SCAN_BYTES = 4 << 20;

/** Options of the reads of blocks. */
export interface BlockReadOptions {
  readonly signal: AbortSignal | undefined;
  /** Whether damaged blocks are left out instead of rejecting. */
  readonly skipDamaged: boolean;
}

/** The blocks of one file. */
export class BlockReader {
  /** Blocks that did not match their hash. */
  readonly damaged = new Set<number>();
  cachedBlocks = 0;
  readonly #source: RangeSource;
  readonly #head: FileHead;
  readonly #table: BlockTable;
  readonly #cache: PartCache;

  constructor(source: RangeSource, head: FileHead, table: BlockTable, cache: PartCache) {
    this.#source = source;
    this.#head = head;
    this.#table = table;
    this.#cache = cache;
  }

  /** The first row of a block and the row after its last. */
  rowsOf(block: number): readonly [start: number, end: number] {
    const { ends } = this.#table;
    return [ends[block - 1] ?? 0, ends[block]!];
  }

  /** The bytes of the file with the vectors of a run of blocks. */
  rangesOf({ first, last }: Run): ByteRange[] {
    const { sections, dim } = this.#head;
    return vectorRanges(sections, dim, this.rowsOf(first)[0], this.rowsOf(last)[1]);
  }

  /**
   * The blocks, each with its codes followed by its residuals. `maxRequests` bounds the requests;
   * runs are joined across gaps until they fit.
   */
  async read(
    blocks: readonly number[],
    maxRequests: number,
    options: BlockReadOptions,
  ): Promise<Map<number, Uint8Array>> {
    const bytesByBlock = new Map<number, Uint8Array>();
    await Promise.all(blocks.map((block) => this.#readCached(block, bytesByBlock)));
    checkAbort(options.signal);
    const missingBlocks = blocks.filter((block) => !bytesByBlock.has(block));
    const requestsPerRun = this.rangesOf({ first: 0, last: 0 }).length;
    const runs = joinRuns(missingBlocks, { table: this.#table, requestsPerRun }, maxRequests);
    const wantedBlocks = new Set(blocks);
    await Promise.all(
      runs.map(async (run) => {
        const read = await this.#readRun(run, options);
        for (const [block, bytes] of read) {
          this.#cache.put(`block-${block}`, bytes);
          if (wantedBlocks.has(block)) bytesByBlock.set(block, bytes);
        }
      }),
    );
    return bytesByBlock;
  }

  /** Reads all blocks in batches of up to SCAN_BYTES, without the caches. */
  async scan(
    visit: (block: number, bytes: Uint8Array) => void,
    options: BlockReadOptions,
  ): Promise<void> {
    const { count } = this.#table;
    const rowBytes = this.rangesOf({ first: 0, last: 0 }).length * this.#head.dim;
    for (let first = 0; first < count; ) {
      let last = first;
      const bytesTo = (block: number): number =>
        (this.rowsOf(block)[1] - this.rowsOf(first)[0]) * rowBytes;
      while (last + 1 < count && bytesTo(last + 1) <= SCAN_BYTES) last += 1;
      for (const [block, bytes] of await this.#readRun({ first, last }, options))
        visit(block, bytes);
      first = last + 1;
    }
  }

  /** The payload of a row as text; undefined in a file without payloads. */
  async payload(
    row: number,
    block: number,
    signal: AbortSignal | undefined,
  ): Promise<string | undefined> {
    const [start, end] = this.rowsOf(block);
    const offsetRange = payloadOffsets(this.#head.sections, start, end);
    if (!offsetRange) return undefined;
    const bytes = await this.#readPayloads(block, offsetRange, signal);
    const view = new DataView(bytes.buffer, bytes.byteOffset, offsetRange.length);
    // The first offset is that of the row before the block; in the first block, that of row 0.
    const first = Math.max(0, start - 1);
    const base = start === 0 ? 0 : view.getUint32(0, true);
    const textStart = row === 0 ? 0 : view.getUint32((row - 1 - first) * 4, true);
    const textEnd = view.getUint32((row - first) * 4, true);
    const texts = bytes.subarray(offsetRange.length);
    return new TextDecoder().decode(texts.subarray(textStart - base, textEnd - base));
  }

  /** The offsets of a block's payloads, then the payloads: verified, from the cache or read. */
  async #readPayloads(
    block: number,
    offsetRange: ByteRange,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array> {
    const part = `payload-${block}`;
    const expected = this.#table.payloadHash(block);
    const cached = await this.#cache.get(part);
    if (cached && hash64(cached) === expected) {
      this.#cache.put(part, cached);
      return cached;
    }
    if (cached) this.#cache.drop(part);
    for (const fresh of [false, true]) {
      const [offsets] = await this.#readRanges([offsetRange], { signal, fresh });
      const textRange = payloadTexts(this.#head.sections, offsets!, this.rowsOf(block)[0]);
      if (!textRange) continue;
      const texts =
        textRange.length > 0 ? await this.#readRanges([textRange], { signal, fresh }) : [];
      const bytes = joinBytes([offsets!, ...texts]);
      if (hash64(bytes) !== expected) continue;
      this.#cache.put(part, bytes);
      return bytes;
    }
    throw await this.#damage(block, "payloads", signal);
  }

  async #readCached(block: number, bytesByBlock: Map<number, Uint8Array>): Promise<void> {
    const part = `block-${block}`;
    if (!this.#cache.mayHave(part)) return;
    const isInMemory = this.#cache.isInMemory(part);
    const bytes = await this.#cache.get(part);
    if (!bytes) return;
    // Parts in memory were verified when they were stored.
    if (!isInMemory && hash64(bytes) !== this.#table.vectorHash(block))
      return this.#cache.drop(part);
    if (!isInMemory) this.#cache.remember(part, bytes);
    this.cachedBlocks += 1;
    bytesByBlock.set(block, bytes);
  }

  /** Reads and verifies a run. A block that does not match its hash is read once more. */
  async #readRun(
    run: Run,
    { signal, skipDamaged }: BlockReadOptions,
  ): Promise<Map<number, Uint8Array>> {
    const ranges = this.rangesOf(run);
    const parts = await this.#readRanges(ranges, { signal });
    const blocks = new Map<number, Uint8Array>();
    for (let block = run.first; block <= run.last; block += 1) {
      const blockRanges = this.rangesOf({ first: block, last: block });
      const slices = blockRanges.map(({ offset, length }, part) => {
        const start = offset - ranges[part]!.offset;
        return parts[part]!.subarray(start, start + length);
      });
      let bytes = joinBytes(slices);
      if (hash64(bytes) !== this.#table.vectorHash(block)) {
        bytes = joinBytes(await this.#readRanges(blockRanges, { signal, fresh: true }));
        if (hash64(bytes) !== this.#table.vectorHash(block)) {
          const error = await this.#damage(block, "vectors", signal);
          if (skipDamaged && error.code === "corrupt") continue;
          throw error;
        }
      }
      this.damaged.delete(block);
      blocks.set(block, bytes);
    }
    return blocks;
  }

  #readRanges(ranges: readonly ByteRange[], options: ReadOptions): Promise<Uint8Array[]> {
    return Promise.all(
      ranges.map(({ offset, length }) => this.#source.read(offset, length, options)),
    );
  }

  /** The error for a block that does not match its hash: the file was replaced, or is damaged. */
  async #damage(block: number, what: string, signal: AbortSignal | undefined): Promise<SageError> {
    const { name } = this.#source;
    const length = Math.min(HEAD_BYTES, this.#head.length);
    const head = readFileHead(await this.#source.read(0, length, { signal, fresh: true }), name);
    if (head.hash !== this.#head.hash) return replaced(name, this.#head.hash, head.hash);
    this.damaged.add(block);
    const [start, end] = this.rowsOf(block);
    return new SageError(
      "corrupt",
      `${name}: the ${what} of block ${block} (rows ${start} to ${end - 1}) do not match their ` +
        'hash. Upload the file again; until then, `damaged: "skip"` searches the other blocks.',
    );
  }
}
