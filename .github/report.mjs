// Markdown of a pull request's sizes and benches, for the job summary:
//   node .github/report.mjs BASE.json HEAD.json [WARD_BASE.json WARD_HEAD.json]
// Each file may be missing (a base that does not build): its column is then left out.
import { existsSync, readFileSync } from "node:fs";

const [sizeBase, sizeHead, wardBase, wardHead] = process.argv.slice(2).map(read);

console.log("## Size, bytes gzipped\n");
const sizes = (report) => report && new Map(report.parts.map(({ name, gzip }) => [name, gzip]));
table(sizes(sizeBase), sizes(sizeHead));
if (sizeHead) console.log(`\nIn all ${sizeHead.total} of a budget of ${sizeHead.budget}.`);

if (wardBase || wardHead) {
  console.log("\n## Quick bench: the Ward tree, median CPU ms\n");
  console.log("One short run on a shared machine: differences below a fifth are noise.\n");
  table(medians(wardBase), medians(wardHead));
}

function read(file) {
  if (!file || !existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

/** Median CPU ms of each contestant in each group. */
function medians(report) {
  if (!report) return undefined;
  const rows = report.results.flatMap(({ data, n, dim, contestants }) =>
    contestants
      .filter(({ error }) => !error)
      .map(({ name, cpu }) => [`${name}: ${data}, ${n} x ${dim}`, Number(cpu.toPrecision(3))]),
  );
  return new Map(rows);
}

/** Two columns of numbers by name, and what changed. */
function table(base, head) {
  console.log("| | base | head | change |\n| --- | ---: | ---: | ---: |");
  for (const name of new Set([...(base?.keys() ?? []), ...(head?.keys() ?? [])])) {
    const [before, after] = [base?.get(name), head?.get(name)];
    const change =
      before === undefined || after === undefined
        ? ""
        : `${after >= before ? "+" : ""}${(100 * (after / before - 1)).toFixed(1)} %`;
    console.log(`| ${name} | ${before ?? ""} | ${after ?? ""} | ${change} |`);
  }
}
