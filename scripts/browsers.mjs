// `npm run test:browsers`: the journeys of the page in Chromium, Firefox and, where Debian's
// packages webkit2gtk-driver and xvfb are installed, WebKit; axe in every view; figures at a
// quarter of the processor's speed. `npm test` runs the short ones in Chromium.
//   npm run test:browsers -- firefox    only this browser
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "./build.mjs";
import { printTitle, reportDone, reportFailure, runScript } from "./lib/output.mjs";
import { run } from "./lib/run.mjs";
import { countTests, selectNames } from "./lib/suites.mjs";
import { root } from "./lib/versions.mjs";
import { setup } from "./setup.mjs";

const BROWSERS = ["chromium", "firefox", "webkit"];
const MINUTES_PER_FILE = 15;
/** Lines of the output with measured times, which are printed although the file passed. */
const FIGURE = /^.*tap to picks.*$/gm;

await runScript(async () => {
  const { positionals } = parseArgs({ allowPositionals: true, options: {} });
  const selected = selectNames(BROWSERS, positionals, "browser");
  const { env } = await setup({ browsers: new Set(selected.filter((name) => name !== "webkit")) });
  await build();
  const folder = join(root, "tests", "page");
  const short = (await readdir(folder)).filter((name) => name.endsWith(".test.mjs")).sort();
  let failures = 0;
  for (const browser of selected) {
    printTitle(browser);
    const files = browser === "webkit" ? ["journeys/webkit.mjs"] : [...short, "journeys/views.mjs"];
    for (const file of files)
      if (!(await runFile(browser, join(folder, file), file, env))) failures += 1;
  }
  if (failures > 0) process.exitCode = 1;
});

/** Whether all tests of a file passed in the browser. */
async function runFile(browser, path, name, env) {
  const { code, output, seconds } = await run(
    process.execPath,
    ["--test", "--test-reporter=spec", path],
    { env: { ...env, POCKETSAGE_BROWSER: browser }, minutes: MINUTES_PER_FILE },
  );
  const { passed, failed, skipped } = countTests(output);
  const summary = `${passed} passed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
  if (code === 0 && failed === 0) {
    reportDone(name, summary, seconds);
    for (const [line] of output.matchAll(FIGURE)) console.log(`        ${line.trim()}`);
    return true;
  }
  console.log(output);
  reportFailure(name, `${failed} failed, ${summary}`, seconds);
  return false;
}
