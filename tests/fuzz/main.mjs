// `npm run test:fuzz`: the long run, a million inputs for each target, 50,000 for Parquet and
// Arrow.
//   npm run test:fuzz -- --runs 10000 --seed 7 log wire
import { parseArgs } from "node:util";
import { printTable, printTitle, Remedy, runScript } from "../../scripts/lib/output.mjs";
import { selectNames } from "../../scripts/lib/suites.mjs";
import { fuzz, SLOW_TARGETS, TARGET_NAMES } from "./run.mjs";

const RUNS = 1_000_000;
const SLOW_RUNS = 50_000;

await runScript(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { runs: { type: "string" }, seed: { type: "string", default: "1" } },
  });
  const names = selectNames(TARGET_NAMES, positionals, "target");
  const [runs, seed] = [values.runs, values.seed].map((text) => text && Number(text));
  if (!Number.isSafeInteger(runs ?? 1) || runs < 1 || !Number.isSafeInteger(seed))
    throw new Remedy("--runs N: expected a whole number of at least 1. --seed N: a whole number.");
  printTitle("Fuzzing");
  const rows = [["target", "runs", "equal", "read", "refused", "ended", "seconds", "CPU seconds"]];
  for (const name of names) {
    const total = runs ?? (SLOW_TARGETS.includes(name) ? SLOW_RUNS : RUNS);
    const [begunAt, cpu] = [performance.now(), process.cpuUsage()];
    const seconds = () => ((performance.now() - begunAt) / 1000).toFixed(0);
    const report = (done) =>
      process.stdout.write(`\r  ${name}: ${done} of ${total} runs, ${seconds()} s `);
    const { equal, read, refused, ended = 0 } = await fuzz(name, total, seed, report);
    const { user, system } = process.cpuUsage(cpu);
    report(total);
    process.stdout.write("\n");
    const cpuSeconds = ((user + system) / 1e6).toFixed(0);
    rows.push([name, total, equal, read, refused, ended, seconds(), cpuSeconds]);
  }
  console.log("");
  printTable(rows);
});
