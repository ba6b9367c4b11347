// `npm run bench:growth`: how time and memory grow with rows, dimensions, items, actions and
// interests. Fits the exponent of each series and prints it beside the theory. Fails if an answer
// is wrong, or if a series grows faster than the theory by more than a tolerance.
//   npm run bench:growth -- --figures  the table into docs/figures.md
import { join } from "node:path";
import { build } from "../../scripts/build.mjs";
import { printTable, printTitle, Remedy, runScript } from "../../scripts/lib/output.mjs";
import { MODULES_FLAG, runOrThrow } from "../../scripts/lib/run.mjs";
import { markdownTable, writeFigures } from "../figures.mjs";
import { formatCount, formatNumber } from "../timing.mjs";

/** Caches that overflow raise exponents of time; memory grows in pages and by powers of two. */
const TOLERANCE = { time: 0.4, memory: 0.3 };
const EXPONENT_DIGITS = 2;

await runScript(async () => {
  await build();
  const { series } = await import("./series.mjs"); // imports the package, which exists only now
  const header = ["what grows", "sizes", "ms", "exponent", "theory", "MB", "exponent", "theory"];
  const table = [header];
  const tooFast = [];
  for (const [index, { name, sizes, time, memory }] of series.entries()) {
    const points = [];
    for (const size of sizes) points.push(await measure(index, size));
    const exponents = {
      time: fitExponent(
        sizes,
        points.map(({ ms }) => ms),
      ),
      memory:
        memory &&
        fitExponent(
          sizes,
          points.map(({ bytes }) => bytes),
        ),
    };
    const theory = { time, memory };
    for (const kind of ["time", "memory"])
      if (exponents[kind] > theory[kind] + TOLERANCE[kind])
        tooFast.push(`${name}: ${kind} ${exponents[kind].toFixed(EXPONENT_DIGITS)}`);
    table.push([
      name,
      range(sizes, formatCount),
      range(
        points.map(({ ms }) => ms),
        formatNumber,
      ),
      exponents.time.toFixed(EXPONENT_DIGITS),
      String(time),
      memory
        ? range(
            points.map(({ bytes }) => bytes / 2 ** 20),
            formatNumber,
          )
        : "",
      exponents.memory?.toFixed(EXPONENT_DIGITS) ?? "",
      String(memory ?? ""),
    ]);
  }
  printTitle("Growth: CPU time of a call, wasm memory");
  printTable(table);
  if (process.argv.includes("--figures")) await writeFigures("growth", markdownTable(table));
  if (tooFast.length > 0)
    throw new Remedy(
      `Grows faster than the theory: ${tooFast.join("; ")}. Find the cause, or run again.`,
    );
});

/** Resolves to `{ ms, bytes }` of one size, measured in a new process. */
async function measure(index, size) {
  const program = join(import.meta.dirname, "measure.mjs");
  const { output } = await runOrThrow(process.execPath, [
    MODULES_FLAG,
    program,
    String(index),
    String(size),
  ]);
  return JSON.parse(output);
}

/** The slope of the least-squares line through the logarithms. */
function fitExponent(sizes, values) {
  const [x, y] = [sizes, values].map((numbers) => numbers.map(Math.log));
  const mean = (numbers) => numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
  const [meanX, meanY] = [mean(x), mean(y)];
  const covariance = mean(x.map((value, i) => (value - meanX) * (y[i] - meanY)));
  return covariance / mean(x.map((value) => (value - meanX) ** 2));
}

function range(values, format) {
  return `${format(values[0])} to ${format(values.at(-1))}`;
}
