// `npm run test:fuzz-readers`: the long run, a million files of each format and 50,000 of Parquet.
//   npm run test:fuzz-readers -- --runs 10000 --parquet 500 --seed 7 csv npy
import { parseArgs } from "node:util";
import { fuzzParquet } from "./parquet.mjs";
import { fuzzFormat } from "./text.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: "string", default: "1000000" },
    parquet: { type: "string", default: "50000" },
    seed: { type: "string", default: "1" },
  },
});
const formats = positionals.length > 0 ? positionals : ["csv", "json", "npy", "parquet"];
const seed = Number(values.seed);
for (const format of formats) {
  const begunAt = performance.now();
  const counts =
    format === "parquet"
      ? await fuzzParquet(Number(values.parquet), seed)
      : await fuzzFormat(format, Number(values.runs), seed);
  const seconds = ((performance.now() - begunAt) / 1000).toFixed(0);
  console.log(`${format.padEnd(8)} ${JSON.stringify(counts)} in ${seconds} s`);
}
