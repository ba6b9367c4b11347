// Seeded vectors with the structure of a user's actions: a mixture of Gaussians on the unit sphere.

/**
 * n x dim values, row-major, in unit rows. Row r is the centre r modulo `centreCount` plus noise of
 * length `scatter`.
 */
export function mixture(n, dim, { centreCount = 8, scatter = 0.6, seed }) {
  const normal = normalGenerator(seed);
  const centres = Array.from({ length: centreCount }, () =>
    unitVector(Array.from({ length: dim }, normal)),
  );
  const vectors = new Float32Array(n * dim);
  for (let row = 0; row < n; row += 1) {
    const noise = unitVector(Array.from({ length: dim }, normal));
    vectors.set(
      unitVector(centres[row % centreCount].map((value, k) => value + scatter * noise[k])),
      row * dim,
    );
  }
  return vectors;
}

/** The vector divided by its length. */
function unitVector(vector) {
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

/** Returns a function that returns normally distributed numbers: Box-Muller over mulberry32. */
function normalGenerator(seed) {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}
