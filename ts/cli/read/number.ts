/** Numbers written in decimal. */

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/**
 * The number that a text writes in decimal, NaN for any other text. `Number` also accepts an empty
 * text, 0x10 and Infinity.
 */
export function parseDecimal(text: string): number {
  return DECIMAL.test(text) ? Number(text) : NaN;
}
