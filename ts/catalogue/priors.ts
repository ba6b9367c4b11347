/**
 * Priors: one non-negative number per item. No other file converts between a prior and its code,
 * ln(1 + prior) as the bits of an f16; docs/format.md describes the sections.
 */

import type { CoreBuilder, CoreCatalogue } from "../core/interface.js";
import { SageError } from "../errors.js";
import { factsOf } from "./facts.js";
import { bytesOf, ID_ORDER, PRIOR_CHANGES, PRIORS, uint32sOf } from "./sections.js";

/** The code of a prior: 0 to `LIMITS.maxPrior`. Half a unit in the last place is rounded up. */
export function encodePrior(prior: number): number {
  const log = Math.log1p(prior);
  // Below 2^-14, an f16 is a multiple of 2^-24.
  if (log < 2 ** -14) return Math.round(log * 2 ** 24);
  const exponent = Math.floor(Math.log2(log));
  return Math.round((log / 2 ** exponent + exponent + 14) * 1024);
}

/** The prior of a code. */
export function decodePrior(code: number): number {
  const exponent = code >> 10;
  return Math.expm1(
    exponent === 0 ? code * 2 ** -24 : (1024 + (code & 1023)) * 2 ** (exponent - 25),
  );
}

/** The code of each row; zeros in a catalogue without priors. */
export function readPriors(catalogue: CoreCatalogue): Uint16Array {
  const { buffer, byteLength } = catalogue.section(PRIORS);
  return byteLength > 0 ? new Uint16Array(buffer) : new Uint16Array(factsOf(catalogue).rows);
}

/** The codes of the given rows, in their order. */
export function selectPriors(catalogue: CoreCatalogue, rows: Uint32Array): Uint16Array {
  const codes = readPriors(catalogue);
  return Uint16Array.from(rows, (row) => codes[row]!);
}

/** The priors of codes, in their order; empty if none is above 0. */
export function decodePriors(codes: Uint16Array): Float32Array {
  return hasPrior(codes) ? Float32Array.from(codes, decodePrior) : new Float32Array();
}

/** Sets the section of a catalogue being built; without a prior above 0 it has none. */
export function writePriors(builder: CoreBuilder, codes: Uint16Array): void {
  if (hasPrior(codes)) builder.section(PRIORS, bytesOf(codes));
}

/**
 * The codes of the rows of `old` after the changes of a delta. Throws code "corrupt" for changes
 * that do not fit the catalogue.
 */
export function changePriors(old: CoreCatalogue, delta: CoreCatalogue): Uint16Array {
  const codes = readPriors(old);
  const rows = uint32sOf(old.section(ID_ORDER));
  const changes = delta.section(PRIOR_CHANGES);
  const count = changes.length / 6;
  const positions = uint32sOf(changes).subarray(0, count);
  if (count % 1 > 0 || positions.some((position) => position >= rows.length))
    throw new SageError("corrupt", "merge: the priors of the delta do not fit its base.");
  const newCodes = new Uint16Array(changes.buffer, count * 4);
  positions.forEach((position, index) => (codes[rows[position]!] = newCodes[index]!));
  return codes;
}

function hasPrior(codes: Uint16Array): boolean {
  return codes.some((code) => code > 0);
}
