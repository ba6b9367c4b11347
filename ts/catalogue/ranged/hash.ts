/**
 * XXH64 in JavaScript, for hashes of parts of a catalogue, which are never in wasm memory. A 64-bit
 * integer is two 32-bit halves: BigInt would be ten times slower.
 */
import { joinBytes, uint32ToHex } from "../../values/bytes.js";

/** The five primes of XXH64: high and low half. */
const P1_HIGH = 0x9e3779b1 | 0;
const P1_LOW = 0x85ebca87 | 0;
const P2_HIGH = 0xc2b2ae3d | 0;
const P2_LOW = 0x27d4eb4f | 0;
const P3_HIGH = 0x165667b1 | 0;
const P3_LOW = 0x9e3779f9 | 0;
const P4_HIGH = 0x85ebca77 | 0;
const P4_LOW = 0xc2b2ae63 | 0;
const P5_HIGH = 0x27d4eb2f | 0;
const P5_LOW = 0x165667c5 | 0;

/** XXH64 with seed 0 of the concatenated parts, as 16 hexadecimal digits. O(bytes). */
export function hash64(...parts: readonly Uint8Array[]): string {
  return hashBytes(parts.length === 1 ? parts[0]! : joinBytes(parts));
}

function hashBytes(bytes: Uint8Array): string {
  const state = new HashState();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { length } = bytes;
  let at = length & ~31;
  if (at > 0) hashStripes(state, bytes.subarray(0, at));
  else state.set(P5_HIGH, P5_LOW);
  state.add(Math.floor(length / 2 ** 32), length | 0);
  for (; at + 8 <= length; at += 8) {
    const { high, low } = state;
    state.set(view.getInt32(at + 4, true), view.getInt32(at, true));
    state.round();
    state.set(state.high ^ high, state.low ^ low);
    state.rotate(27);
    state.multiply(P1_HIGH, P1_LOW);
    state.add(P4_HIGH, P4_LOW);
  }
  if (at + 4 <= length) {
    const { high, low } = state;
    state.set(0, view.getInt32(at, true));
    state.multiply(P1_HIGH, P1_LOW);
    state.set(state.high ^ high, state.low ^ low);
    state.rotate(23);
    state.multiply(P2_HIGH, P2_LOW);
    state.add(P3_HIGH, P3_LOW);
    at += 4;
  }
  for (; at < length; at += 1) {
    const { high, low } = state;
    state.set(0, bytes[at]!);
    state.multiply(P5_HIGH, P5_LOW);
    state.set(state.high ^ high, state.low ^ low);
    state.rotate(11);
    state.multiply(P1_HIGH, P1_LOW);
  }
  state.low ^= state.high >>> 1;
  state.multiply(P2_HIGH, P2_LOW);
  const { high, low } = state;
  state.set(high ^ (high >>> 29), low ^ ((low >>> 29) | (high << 3)));
  state.multiply(P3_HIGH, P3_LOW);
  return uint32ToHex(state.high >>> 0) + uint32ToHex((state.low ^ state.high) >>> 0);
}

/** A 64-bit integer with the operations of XXH64. */
class HashState {
  high = 0;
  low = 0;

  set(high: number, low: number): void {
    this.high = high | 0;
    this.low = low | 0;
  }

  add(high: number, low: number): void {
    const sum = (this.low >>> 0) + (low >>> 0);
    this.set(this.high + high + (sum > 0xffffffff ? 1 : 0), sum);
  }

  rotate(bits: number): void {
    const { high, low } = this;
    this.set((high << bits) | (low >>> (32 - bits)), (low << bits) | (high >>> (32 - bits)));
  }

  multiply(high: number, low: number): void {
    const productHigh =
      upperHalf(this.low, low) + Math.imul(this.high, low) + Math.imul(this.low, high);
    this.set(productHigh, Math.imul(this.low, low));
  }

  /** The XXH64 round of an accumulator of 0: (value x prime 2), rotated by 31, x prime 1. */
  round(): void {
    this.multiply(P2_HIGH, P2_LOW);
    this.rotate(31);
    this.multiply(P1_HIGH, P1_LOW);
  }
}

/** The upper 32 bits of the product of two unsigned 32-bit integers. */
function upperHalf(a: number, b: number): number {
  const a0 = a & 0xffff;
  const a1 = a >>> 16;
  const b0 = b & 0xffff;
  const b1 = b >>> 16;
  const middle = Math.imul(a1, b0) + (Math.imul(a0, b0) >>> 16);
  // The 32-bit sum `middle` is below 2^32, because (2^16 - 1)^2 + 2^16 - 1 is.
  const carry = ((middle & 0xffff) + (Math.imul(a0, b1) >>> 0)) / 65536;
  return (Math.imul(a1, b1) + ((middle >>> 16) + (carry | 0))) | 0;
}

/** Hashes stripes of 32 bytes: four accumulators, which are then merged into `state`. */
function hashStripes(state: HashState, bytes: Uint8Array): void {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  const words = new Int32Array(aligned.buffer, aligned.byteOffset, aligned.length >> 2);
  // Accumulators with seed 0: prime 1 + prime 2, prime 2, 0, -prime 1.
  const highs = new Int32Array([0x60ea27ee, P2_HIGH, 0, 0x61c8864e]);
  const lows = new Int32Array([0xadc0b5d6, P2_LOW, 0, 0x7a143579]);
  for (let lane = 0; lane < 4; lane += 1) hashLane(words, lane, highs, lows);
  for (let lane = 0; lane < 4; lane += 1) {
    const merged = new HashState();
    merged.set(highs[lane]!, lows[lane]!);
    merged.rotate([1, 7, 12, 18][lane]!);
    state.add(merged.high, merged.low);
  }
  for (let lane = 0; lane < 4; lane += 1) {
    const merged = new HashState();
    merged.set(highs[lane]!, lows[lane]!);
    merged.round();
    state.set(state.high ^ merged.high, state.low ^ merged.low);
    state.multiply(P1_HIGH, P1_LOW);
    state.add(P4_HIGH, P4_LOW);
  }
}

/** The accumulator of one lane over all stripes. This loop takes nearly all of the time. */
function hashLane(words: Int32Array, lane: number, highs: Int32Array, lows: Int32Array): void {
  let high = highs[lane]!;
  let low = lows[lane]!;
  for (let word = lane * 2; word < words.length; word += 8) {
    const inputLow = words[word]!;
    const inputHigh = words[word + 1]!;
    // accumulator + input x prime 2
    const productLow = Math.imul(inputLow, P2_LOW);
    const sum = (low >>> 0) + (productLow >>> 0);
    const sumHigh =
      (high +
        upperHalf(inputLow, P2_LOW) +
        Math.imul(inputHigh, P2_LOW) +
        Math.imul(inputLow, P2_HIGH) +
        (sum > 0xffffffff ? 1 : 0)) |
      0;
    const sumLow = sum | 0;
    // rotated by 31, x prime 1
    const rotatedHigh = (sumHigh << 31) | (sumLow >>> 1);
    const rotatedLow = (sumLow << 31) | (sumHigh >>> 1);
    high =
      (upperHalf(rotatedLow, P1_LOW) +
        Math.imul(rotatedHigh, P1_LOW) +
        Math.imul(rotatedLow, P1_HIGH)) |
      0;
    low = Math.imul(rotatedLow, P1_LOW);
  }
  highs[lane] = high;
  lows[lane] = low;
}
