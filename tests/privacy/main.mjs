// `npm run test:privacy`: all attack tests with their figures, and more samples than in CI.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { build } from "../../scripts/build.mjs";
import { printTitle, Remedy, runScript } from "../../scripts/lib/output.mjs";
import { pythonEnvironment } from "../../scripts/lib/python.mjs";
import { MODULES_FLAG, run } from "../../scripts/lib/run.mjs";
import { setup } from "../../scripts/setup.mjs";

await runScript(async () => {
  await setup();
  await build();
  printTitle("Privacy");
  const requirements = join(import.meta.dirname, "requirements.txt");
  const { python } = await pythonEnvironment("privacy-venv", requirements).catch((error) => {
    console.log(`  OpenDP could not be installed, so decimals are the oracle: ${error.message}`);
    return { python: "python3" };
  });
  const names = (await readdir(import.meta.dirname)).filter((name) => name.endsWith(".test.mjs"));
  const files = names.sort().map((name) => join(import.meta.dirname, name));
  const env = { PRIVACY_FIGURES: "1", PRIVACY_RUNS: "200000", PRIVACY_PYTHON: python };
  const flags = [MODULES_FLAG, "--test", "--test-reporter=spec"];
  const { code } = await run(process.execPath, [...flags, ...files], {
    env,
    show: true,
    minutes: 20,
  });
  if (code !== 0) throw new Remedy("A test failed.");
});
