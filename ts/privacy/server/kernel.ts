/** A shard of cells in the memory of the XOR kernel (xor.wat). */
import { KERNEL_BASE64 } from "./kernel-bytes.js";

const PAGE_BYTES = 65_536;
const ALIGNMENT = 16;
/** Cells are combined in blocks of about this size, so that a block stays in the cache. */
const BLOCK_BYTES = 256 << 10;

interface KernelExports {
  readonly memory: WebAssembly.Memory;
  xor(cells: number, cellBytes: number, count: number, bits: number, out: number): void;
}

/** Compiles the kernel from the bytes in the package. Workers forbid that and import a module. */
export async function compileKernel(): Promise<WebAssembly.Module> {
  const bytes = Uint8Array.from(atob(KERNEL_BASE64), (character) => character.charCodeAt(0));
  return WebAssembly.compile(bytes);
}

/** Consecutive cells that answer bit vectors. */
export class XorShard {
  readonly #kernel: KernelExports;
  readonly #cells: number;
  readonly #cellBytes: number;

  /** Memory for `cells` cells of `cellBytes` bytes, a multiple of 16; filled by `load`. */
  constructor(module: WebAssembly.Module, cells: number, cellBytes: number) {
    this.#kernel = new WebAssembly.Instance(module).exports as unknown as KernelExports;
    this.#cells = cells;
    this.#cellBytes = cellBytes;
    const length = cells * cellBytes;
    this.#kernel.memory.grow(Math.ceil(length / PAGE_BYTES));
  }

  /** Copies the cells into the kernel's memory. */
  load(bytes: Uint8Array): void {
    new Uint8Array(this.#kernel.memory.buffer).set(bytes);
  }

  /**
   * For each bit vector the XOR of the cells whose bit is set, one after the other. Bit i of a
   * vector is bit i % 8 of byte i / 8. O(cells x cellBytes) for each vector.
   */
  answer(vectors: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
    const { memory, xor } = this.#kernel;
    const cells = this.#cells;
    const cellBytes = this.#cellBytes;
    const vectorBytes = Math.ceil(cells / 8);
    const bitsStart = align(cells * cellBytes);
    const outStart = align(bitsStart + vectors.length * vectorBytes);
    const end = outStart + vectors.length * cellBytes;
    const missingBytes = end - memory.buffer.byteLength;
    if (missingBytes > 0) memory.grow(Math.ceil(missingBytes / PAGE_BYTES));
    const bytes = new Uint8Array(memory.buffer);
    bytes.fill(0, outStart, end);
    vectors.forEach((vector, index) => bytes.set(vector, bitsStart + index * vectorBytes));
    // Whole bytes of bits per block.
    const blockCells = Math.max(8, Math.floor(BLOCK_BYTES / cellBytes / 8) * 8);
    for (let first = 0; first < cells; first += blockCells) {
      const count = Math.min(blockCells, cells - first);
      for (let index = 0; index < vectors.length; index += 1)
        xor(
          first * cellBytes,
          cellBytes,
          count,
          bitsStart + index * vectorBytes + first / 8,
          outStart + index * cellBytes,
        );
    }
    return bytes.slice(outStart, end);
  }
}

function align(offset: number): number {
  return Math.ceil(offset / ALIGNMENT) * ALIGNMENT;
}
