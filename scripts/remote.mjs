// `npm run test:remote`: the engine adapters and the Worker against real engines, installed from
// Python packages and started for the tests. `npm test` does without.
//   npm run test:remote -- chroma redis     only these files of tests/remote/
// The table at the end states for each engine whether it was real or a contract.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { build } from "./build.mjs";
import { installPackages } from "./lib/npm.mjs";
import {
  printTestResults,
  printTitle,
  reportDone,
  reportFailure,
  reportStart,
  runScript,
} from "./lib/output.mjs";
import { pythonEnvironment } from "./lib/python.mjs";
import { run } from "./lib/run.mjs";
import { countTests, selectNames } from "./lib/suites.mjs";
import { root } from "./lib/versions.mjs";
import { setup } from "./setup.mjs";

const testFolder = join(root, "tests", "remote");

/**
 * The test files of tests/remote/: the tested engine, whether it is the real server or a contract,
 * the environment it needs, and whether it must be isolated from the network.
 */
const testedEngines = {
  chroma: { engine: "Chroma 1.5.9", kind: "real server", needs: "remote-venv" },
  clients: {
    engine: "Elasticsearch, Milvus v2, Pinecone, Typesense",
    kind: "contract: the types of the official clients",
    needs: "contract-clients",
  },
  cost: { engine: "CPU time of the Worker", kind: "real Chroma", needs: "remote-venv" },
  edge: {
    engine: "the Worker in workerd",
    kind: "real PostgreSQL and Chroma",
    needs: "remote-venv",
  },
  load: {
    engine: "the Worker under load",
    kind: "real Chroma, killed during the run",
    needs: "remote-venv",
  },
  milvus: {
    engine: "Milvus 2.3.5 (REST v1)",
    kind: "real server",
    needs: "milvus-venv",
    isolated: true,
  },
  pgvector: { engine: "PostgreSQL 18, pgvector 0.8", kind: "real server", needs: "remote-venv" },
  qdrant: {
    engine: "Qdrant",
    kind: "contract: the official models and in-memory engine",
    needs: "remote-venv",
  },
  redis: { engine: "Redis 8.2", kind: "real server", needs: "remote-venv" },
};

/**
 * The environments by name. Each function installs one under .tools/ and resolves to `{ seconds }`,
 * the duration of the installation.
 */
const environments = {
  "contract-clients": (name) => installPackages(name, join(testFolder, "clients")),
  "milvus-venv": (name) => pythonEnvironment(name, join(testFolder, "requirements-milvus.txt")),
  "remote-venv": (name) => pythonEnvironment(name, join(testFolder, "requirements.txt")),
};

await runScript(async () => {
  const files = (await readdir(testFolder))
    .filter((name) => name.endsWith(".test.mjs"))
    .map((name) => name.replace(".test.mjs", ""))
    .sort();
  const selectedFiles = selectNames(files, process.argv.slice(2), "test");
  await setup();
  await build();

  printTitle("Engines");
  const failedEnvironments = await installEnvironments(selectedFiles);

  printTitle("Tests");
  const rows = [["what", "how", "passed", "failed", "seconds"]];
  const testTotals = { passed: 0, failed: 0 };
  for (const name of selectedFiles) {
    const { engine = name, kind = "", needs, isolated } = testedEngines[name] ?? {};
    const result = failedEnvironments.has(needs)
      ? { kind: `NOT RUN: ${failedEnvironments.get(needs)}`, passed: 0, failed: 1, seconds: "" }
      : { kind, ...(await runFile(name, isolated)) };
    rows.push([engine, result.kind, result.passed, result.failed, result.seconds]);
    testTotals.passed += result.passed;
    testTotals.failed += result.failed;
  }
  printTitle("Engines and how real they were");
  console.log(
    "  Requests and replies of the contract engines, and of Vectorize, are also tested by\n" +
      "  `npm test -- js`.\n",
  );
  printTestResults(rows, testTotals);
});

/**
 * Installs the environments that the selected files need. Resolves to a map from the name of each
 * environment that could not be installed to the reason.
 */
async function installEnvironments(selectedFiles) {
  const failedEnvironments = new Map();
  for (const [name, install] of Object.entries(environments)) {
    if (!selectedFiles.some((file) => testedEngines[file]?.needs === name)) continue;
    reportStart(name, "installed once");
    try {
      const { seconds } = await install(name);
      reportDone(name, "ready", seconds);
    } catch (error) {
      failedEnvironments.set(name, error.message.trim().split("\n").at(-1));
      reportFailure(name, failedEnvironments.get(name));
    }
  }
  return failedEnvironments;
}

/**
 * Runs one test file and resolves to `{ passed, failed, seconds }`. If the file fails, its output
 * is printed, else only the lines with measured figures.
 */
async function runFile(name, isolated) {
  reportStart(name);
  const options = ["--test", "--test-reporter=spec", "--test-timeout=120000"];
  const [command, args] = nodeCommand(isolated, [...options, join(testFolder, `${name}.test.mjs`)]);
  const { code, output, seconds } = await run(command, args, { minutes: 6 });
  const counts = countTests(output);
  const { passed } = counts;
  const failed = counts.failed === 0 && code !== 0 ? 1 : counts.failed;
  if (code !== 0) console.log(output);
  else
    for (const [line] of output.matchAll(/^.*(?:p50|recall|hit rate|CPU ms|ms CPU).*$/gm))
      console.log(`        ${line.trim()}`);
  const report = code === 0 ? reportDone : reportFailure;
  report(name, `${passed} passed, ${failed} failed`, seconds);
  return { passed, failed, seconds: seconds.toFixed(1) };
}

/**
 * The command that runs Node with `args`. If `isolated`, Node runs in a network namespace with only
 * the loopback interface: for a server that listens on all interfaces and cannot be configured.
 */
function nodeCommand(isolated, args) {
  if (!isolated) return [process.execPath, args];
  const userMapping = process.getuid() === 0 ? [] : ["--map-root-user"];
  const startScript = 'ip link set lo up && exec "$0" "$@"';
  return ["unshare", [...userMapping, "--net", "sh", "-c", startScript, process.execPath, ...args]];
}
