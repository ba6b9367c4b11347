// `npm test`: sets up, builds, runs the test suites, and prints a table and `N passed, N failed`.
//   npm test -- js page       only these suites
//   npm test -- --verbose     prints all output as it arrives, not only that of failed suites
import { parseArgs } from "node:util";
import { build } from "./build.mjs";
import {
  printTestResults,
  printTitle,
  reportDone,
  reportFailure,
  reportStart,
  runScript,
} from "./lib/output.mjs";
import { run } from "./lib/run.mjs";
import { countTests, selectNames, testSuites } from "./lib/suites.mjs";
import { setup } from "./setup.mjs";

await runScript(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { verbose: { type: "boolean", default: false } },
  });
  const allSuites = await testSuites();
  const suiteNames = allSuites.map((suite) => suite.name);
  const selectedNames = selectNames(suiteNames, positionals, "suite");
  const selectedSuites = allSuites.filter((suite) => selectedNames.includes(suite.name));
  const { env } = await setup({
    browsers: new Set(selectedSuites.flatMap((suite) => suite.browsers ?? [])),
  });
  await build();

  printTitle("Tests");
  const results = [];
  for (const suite of selectedSuites) results.push(await runSuite(suite, env, values.verbose));
  printResults(results);
});

/** Runs one suite and resolves to `{ name, passed, failed, skipped, seconds }`. */
async function runSuite(suite, env, verbose) {
  reportStart(suite.name);
  if (suite.files?.length === 0) return countAsFailure(suite, "no test file in its folder", 0);
  const { code, output, seconds, timedOut } = await run(suite.command, suite.args, {
    env,
    minutes: suite.minutes,
    show: verbose,
  });
  const counts = countTests(output);
  const { passed, failed } = counts;
  if (code === 0 && failed === 0 && passed > 0) {
    reportDone(suite.name, `${passed} passed`, seconds);
    return { name: suite.name, ...counts, seconds };
  }
  if (!verbose) console.log(output);
  if (failed > 0) {
    reportFailure(suite.name, `${failed} of ${passed + failed} failed`, seconds);
    return { name: suite.name, ...counts, seconds };
  }
  const why = timedOut
    ? `exceeded ${suite.minutes} minutes`
    : code === 0
      ? "ran no tests"
      : `ended with code ${code}`;
  return { ...countAsFailure(suite, why, seconds), passed };
}

/** Reports a suite that ran no test, or failed outside a test, as one failure. */
function countAsFailure(suite, why, seconds) {
  reportFailure(suite.name, why, seconds);
  return { name: suite.name, passed: 0, failed: 1, skipped: 0, seconds };
}

function printResults(results) {
  const sumOf = (key) => results.reduce((total, result) => total + result[key], 0);
  printTitle("Suites");
  const rows = results.map((result) => [
    result.name,
    result.passed,
    result.failed,
    result.skipped,
    result.seconds.toFixed(1),
  ]);
  printTestResults([["suite", "passed", "failed", "skipped", "seconds"], ...rows], {
    passed: sumOf("passed"),
    failed: sumOf("failed"),
    skipped: sumOf("skipped"),
  });
}
