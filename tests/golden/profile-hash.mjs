// The hash of the golden profile, computed in Node, in a page and in a Worker.
import { mixture, streams } from "./sets.mjs";

/**
 * The number of interests and the hash of the profile that `golden` (profile.json) describes, by
 * the initialised package. The hash is the CRC-32 of the labels (i32), the rows of the medoids
 * (u32), the importances, the times of the last actions (ms) and the threshold (f64), all
 * little-endian.
 */
export function profileHash({ buildProfile, cluster }, golden) {
  const { n, dim, centres, seed, now, seconds, halfLifeDays } = golden;
  const [number, choice] = streams(seed);
  const values = mixture(n, dim, centres, number, choice);
  const actions = Array.from({ length: n }, (_, row) => ({
    item: String(row),
    vector: values.subarray(row * dim, (row + 1) * dim),
    weight: [0.5, 1, 2, 3][choice() % 4],
    at: now - 1000 * (choice() % seconds),
  }));
  const { interests } = buildProfile(actions, { dim, now, halfLifeDays });
  const weights = Float64Array.from(actions, ({ weight }) => weight);
  const { threshold } = cluster(values, { dim, weights });

  const labels = new Int32Array(n).fill(-1);
  interests.forEach(({ items }, interest) =>
    items.forEach((item) => (labels[Number(item)] = interest)),
  );
  const doubles = [
    ...interests.map(({ importance }) => importance),
    ...interests.map(({ lastActive }) => lastActive),
    threshold,
  ];
  const view = new DataView(new ArrayBuffer(4 * (n + interests.length) + 8 * doubles.length));
  let at = 0;
  labels.forEach((label) => view.setInt32((at += 4) - 4, label, true));
  interests.forEach(({ medoid }) => view.setUint32((at += 4) - 4, Number(medoid), true));
  doubles.forEach((x) => view.setFloat64((at += 8) - 8, x, true));
  return {
    interests: interests.length,
    crc32: crc32(new Uint8Array(view.buffer)).toString(16).padStart(8, "0"),
  };
}

/** CRC-32 (IEEE), as zlib computes it. */
function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
