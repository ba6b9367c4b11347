// The golden sets in JavaScript: their vectors, generated as make.py specifies, and SciPy's results
// from ward.bin.

/** A stream of draws, as make.py specifies it: a function that returns the next draw. */
export function stream(seed) {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let x = state;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    return (x ^ (x >>> 16)) >>> 0;
  };
}

/** The two streams of a set: numbers and choices. */
export function streams(seed) {
  return [stream(seed >>> 0), stream((seed ^ 0x5bd1e995) >>> 0)];
}

/** A mixture of `centres` clusters, n x dim. Draws remain on `choice`. */
export function mixture(n, dim, centres, number, choice) {
  const centresAt = Array.from({ length: centres * dim }, () => ((choice() >>> 19) - 4096) / 1024);
  const centreOf = Array.from({ length: n }, () => choice() % centres);
  return Float32Array.from({ length: n * dim }, (_, i) => {
    const sum = (number() >>> 16) + (number() >>> 16) + (number() >>> 16) + (number() >>> 16);
    return centresAt[centreOf[Math.floor(i / dim)] * dim + (i % dim)] + (sum - 131072) / 131072;
  });
}

const kinds = [
  ({ n, dim }, number) =>
    Float32Array.from({ length: n * dim }, () => ((number() >>> 8) - 8388608) / 8388608),
  ({ n, dim, p }, number, choice) => mixture(n, dim, p, number, choice),
  ({ n, dim, p }, number, choice) => {
    const values = mixture(n, dim, p, number, choice);
    for (let row = 1; row < n; row += 1) {
      if (choice() % 3 !== 0) continue;
      const from = (choice() % row) * dim;
      values.copyWithin(row * dim, from, from + dim);
    }
    return values;
  },
  ({ n, dim, p }, number) => Float32Array.from({ length: n * dim }, () => (number() >>> 8) % p),
  ({ n, dim, p }, number, choice, { size, vectorOf }) => {
    const first = choice() % size;
    const rows = new Set();
    while (rows.size < n) rows.add((first + (number() % p)) % size);
    const values = new Float32Array(n * dim);
    [...rows].forEach((row, i) => values.set(vectorOf(row), i * dim));
    return values;
  },
];

/** The vectors of a set, n x dim. `items` has the catalogue's size and the vector of each row. */
export function vectors(set, items) {
  return kinds[set.kind](set, ...streams(set.seed), items);
}

/** The sets of ward.bin; labels are undefined if they depend on the order of ties. */
export function read(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const u16 = () => view.getUint16((at += 2) - 2, true);
  const u32 = () => view.getUint32((at += 4) - 4, true);
  const f64 = () => view.getFloat64((at += 8) - 8, true);
  const times = (length, next) => Array.from({ length }, () => next());

  const count = u32();
  u32(); // CRC-32 of the catalogue's vectors, which tests/golden.rs checks
  const sets = times(count, () => {
    const [kind, n, dim, seed, p, checks] = times(6, u32);
    const heights = times(n - 1, f64);
    const cuts = times(5, () => ({
      threshold: f64(),
      labels: checks === 1 ? times(n, u16) : undefined,
    }));
    return { kind, n, dim, seed, p, heights, cuts };
  });
  if (at !== bytes.byteLength) throw new Error(`ward.bin: read ${at} of ${bytes.byteLength} bytes`);
  return sets;
}
