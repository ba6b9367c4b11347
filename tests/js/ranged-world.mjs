// A catalogue in blocks, small and cheap to build, for the tests of pocketsage/ranged.
import { Catalogue } from "pocketsage";
import { blobSource } from "pocketsage/ranged";
import { seededRandom } from "../../scripts/lib/random.mjs";
import { serveRanges } from "../../scripts/lib/range-server.mjs";

/** The path of the file on a server of the tests. */
export const PATH = "/items.sage";

/** A source of bytes in memory. */
export const asBlob = (bytes) => blobSource(new Blob([bytes]), "blob");

/** Serves the file and calls `use(server, url)`; `options` are those of `serveRanges`. */
export async function withServer(bytes, options, use) {
  const server = await serveRanges({ [PATH]: bytes }, options);
  try {
    return await use(server, server.origin + PATH);
  } finally {
    await server.close();
  }
}

/** n vectors of `dim` components around centres, one centre for 20 of them. */
function clusteredVectors(n, dim, seed = 1) {
  const random = seededRandom(seed);
  const normal = () => random() + random() + random() - 1.5;
  const centres = Array.from({ length: Math.ceil(n / 20) }, () =>
    Float32Array.from({ length: dim }, normal),
  );
  return Array.from({ length: n }, (_, row) =>
    centres[row % centres.length].map((value) => value + 0.5 * normal()),
  );
}

/**
 * The bytes of a catalogue in blocks, and the catalogue: n items "item-0" and so on with a payload
 * and the attributes `parity` and `number`, of the given metric and precision.
 */
export async function buildRanged({
  n = 600,
  dim = 24,
  metric = "cosine",
  precision = "full",
  prior = false,
  seed = 1,
  maxBlockBytes = 1024,
} = {}) {
  const { buildRanges } = await import("../../pkg/cli/build/ranges.js");
  const vectors = clusteredVectors(n, dim, seed);
  const items = vectors.map((vector, row) => [
    `item-${row}`,
    vector,
    { number: row, parity: row % 2 === 0 ? "even" : "odd", label: `Item ${row} é` },
    ...(prior ? [row] : []),
  ]);
  const options = { dim, metric, precision, attributes: ["number", "parity"] };
  const flat = await Catalogue.from(items, options);
  // Blocks of a few rows: the largest size of a real one would hold all of them.
  const { catalogue } = await buildRanges(flat, () => undefined, { maxBlockBytes });
  return { catalogue, bytes: catalogue.toBytes(), vectors };
}
