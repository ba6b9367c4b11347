// `npm run bench:wire`: five medoids of 256 dimensions in every encoding of a request: the number
// of bytes, and the largest cosine error of the decoded vectors.
import { build } from "../scripts/build.mjs";
import { printTable, printTitle, runScript } from "../scripts/lib/output.mjs";
import { mixture } from "./data/mixture.mjs";

const DIM = 256;

await runScript(async () => {
  await build();
  const { init } = await import("pocketsage");
  const { decodeMedoids, encodeMedoids } = await import("pocketsage/remote");
  await init();
  const vectors = mixture(5, DIM, { seed: 1 });
  const ids = ["1F355", "1F436", "1F3C0", "26BD", "1F354"];
  const queries = ids.map((item, row) => ({
    item,
    vector: vectors.subarray(row * DIM, (row + 1) * DIM),
    count: 50,
  }));
  const maxCosineError = (bytes) =>
    Math.max(
      ...decodeMedoids(bytes).map(({ vector }, row) =>
        vector ? Math.abs(1 - cosine(vector, queries[row].vector)) : 0,
      ),
    );
  const encodings = [
    ["ids", { send: "ids" }],
    ["int8", { send: "vectors", precision: "int8" }],
    ["f16", { send: "vectors" }],
    ["f32", { send: "vectors", precision: "f32" }],
  ];
  const rows = encodings.map(([name, options]) => {
    const bytes = encodeMedoids(queries, options);
    return [name, bytes.length, maxCosineError(bytes).toExponential(1)];
  });
  const roundedVectors = queries.map(({ vector }) =>
    Array.from(vector, (x) => Math.round(x * 1e5) / 1e5),
  );
  const exactVectors = queries.map(({ vector }) => Array.from(vector));
  rows.push(
    ["JSON, 5 decimals", JSON.stringify(roundedVectors).length, ""],
    ["JSON", JSON.stringify(exactVectors).length, ""],
  );
  printTitle("Five medoids of 256 dimensions");
  printTable([["encoding", "bytes", "cosine error"], ...rows]);
});

function cosine(a, b) {
  const dot = (x, y) => x.reduce((sum, value, axis) => sum + value * y[axis], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}
