// Seeded vectors with the structure of a user's actions: a mixture of Gaussians on the unit sphere.
import { seededRandom } from "../../scripts/lib/random.mjs";

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
export function unitVector(vector) {
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

/** Returns a function that returns normally distributed numbers: Box-Muller. */
export function normalGenerator(seed) {
  const uniform = seededRandom(seed);
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}
