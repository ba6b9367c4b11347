// Seeded randomness, and mutations of bytes.

/** Numbers from 0 to 1, the same for equal seeds (mulberry32). */
export function randomFrom(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (bound) => Math.floor(next() * bound);
  return { next, below, pick: (list) => list[below(list.length)] };
}

/** Values at which readers go wrong. */
const FRAGMENTS = [
  ...["", "\0", "\n", "\r\n", '"', '""', ",", ";", "\t", "[", "]", "{", "}", "\\", "NaN", "0x10"],
  ...[
    "1e999",
    "-",
    "1,5",
    "\u{feff}",
    "\ud83c",
    "null",
    "9007199254740993",
    "sep=;\n",
    "__proto__",
  ],
].map((text) => Buffer.from(text));

/** The bytes after one to four random changes. */
export function mutate(bytes, { below, pick }) {
  let mutated = Buffer.from(bytes);
  for (let changes = 1 + below(4); changes > 0 && mutated.length > 0; changes -= 1) {
    const at = below(mutated.length);
    const length = below(Math.min(64, mutated.length - at) + 1);
    const [before, after] = [mutated.subarray(0, at), mutated.subarray(at)];
    switch (below(7)) {
      case 0:
        mutated[at] ^= 1 << below(8);
        break;
      case 1:
        mutated[at] = pick([0, 1, 0x7f, 0x80, 0xff, below(256)]);
        break;
      case 2:
        mutated = Buffer.concat([before, pick(FRAGMENTS), after]);
        break;
      case 3:
        mutated = Buffer.concat([before, after.subarray(length)]);
        break;
      case 4:
        mutated = Buffer.concat([before, after.subarray(0, length), after]);
        break;
      case 5:
        mutated = Buffer.from(before);
        break;
      default:
        mutated = Buffer.concat([before, pick(FRAGMENTS), after.subarray(length)]);
    }
  }
  return mutated;
}
