// Seeded vectors with the structure of a user's actions: a mixture of Gaussians on the unit sphere.

/** n x dim, row-major, unit rows: row r scatters around centre r modulo `groups`. */
export function mixture(n, dim, { groups = 8, scatter = 0.6, seed }) {
  const normal = gaussian(seed);
  const centres = Array.from({ length: groups }, () => unit(Array.from({ length: dim }, normal)));
  const vectors = new Float32Array(n * dim);
  for (let row = 0; row < n; row += 1) {
    const noise = unit(Array.from({ length: dim }, normal));
    vectors.set(
      unit(centres[row % groups].map((value, k) => value + scatter * noise[k])),
      row * dim,
    );
  }
  return vectors;
}

function unit(vector) {
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

/** Normal deviates by Box and Muller, from the mulberry32 generator. */
function gaussian(seed) {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}
