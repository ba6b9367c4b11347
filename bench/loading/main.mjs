// `npm run bench:loading`: import, init() and the first call in fresh processes of Node, and in
// pages of Chromium and Firefox whose files are cached.
//   npm run bench:loading -- --processes 9 --figures    fewer processes; writes docs/figures.md
// In Chromium the processor is slowed down four times; Firefox has no such option.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build as buildPackage } from "../../scripts/build.mjs";
import { printTable, printTitle, reportFailure, runScript } from "../../scripts/lib/output.mjs";
import { runOrThrow } from "../../scripts/lib/run.mjs";
import { root } from "../../scripts/lib/versions.mjs";
import { setup } from "../../scripts/setup.mjs";
import { launchChromium, launchFirefox } from "../../tests/browser/launch.mjs";
import { markdownTable, writeFigures } from "../figures.mjs";
import { median } from "../timing.mjs";

const SLOWDOWN = 4;
const options = { processes: { type: "string", default: "25" }, figures: { type: "boolean" } };

await runScript(async () => {
  const { values } = parseArgs({ options });
  await setup();
  await buildPackage();
  const count = Number(values.processes);
  const rows = [["Node", await measureNode(count)]];
  for (const [name, launch, slowdown] of [
    [`Chromium, processor at 1/${SLOWDOWN}`, launchChromium, SLOWDOWN],
    ["Chromium", launchChromium, 1],
    ["Firefox", launchFirefox, 1],
  ])
    await measureBrowser(launch, slowdown, count).then(
      (times) => rows.push([name, times]),
      (error) => reportFailure(name, error.message),
    );
  printTitle(`Loading: median of ${count}, ms on the clock`);
  const table = [
    ["", "import", "init()", "both", "CPU, both", "first call", "warm call"],
    ...rows.map(([name, { load, init, cpu, first, warm }]) => [
      name,
      ...[load, init, load + init].map((ms) => ms.toFixed(1)),
      cpu?.toFixed(1) ?? "",
      ...[first, warm].map((ms) => ms.toFixed(2)),
    ]),
  ];
  printTable(table);
  if (values.figures) await writeFigures("loading", markdownTable(table));
});

/**
 * The median of each time, of `count` fresh processes. The call clusters 300 vectors. A warm call
 * is the fastest of calls 2 to 6, for which the engine has not compiled faster code yet.
 */
async function measureNode(count) {
  const program = join(import.meta.dirname, "process.mjs");
  const replies = [];
  for (let index = 0; index < count; index += 1)
    replies.push(JSON.parse((await runOrThrow(process.execPath, [program])).output));
  return medians(replies);
}

async function measureBrowser(launch, slowdown, count) {
  const folder = await bundlePage();
  const server = createServer(async ({ url }, response) => {
    const file = await readFile(join(folder, url === "/" ? "index.html" : url)).catch(() => "");
    const extension = /\.\w+$/.exec(url)?.[0] ?? ".html";
    const types = { ".js": "text/javascript", ".wasm": "application/wasm", ".html": "text/html" };
    response
      .writeHead(200, {
        "content-type": types[extension],
        "cache-control": "max-age=3600, immutable",
      })
      .end(file);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const browser = await launch();
  try {
    const page = await browser.newPage();
    if (slowdown > 1) {
      const session = await page.context().newCDPSession(page);
      await session.send("Emulation.setCPUThrottlingRate", { rate: slowdown });
    }
    const replies = [];
    for (let index = 0; index <= count; index += 1) {
      await page.goto(`http://127.0.0.1:${server.address().port}/`);
      await page.waitForFunction(() => "loading" in globalThis);
      const times = await page.evaluate(() => globalThis.loading);
      if (index > 0) replies.push(times); // the first load fills the cache
    }
    return medians(replies);
  } finally {
    await browser.close();
    server.closeAllConnections();
    server.close();
  }
}

/** Builds the page by Vite into a folder, and resolves to the folder. */
async function bundlePage() {
  const { build } = await import("vite");
  const outDir = join(root, "target", "bench-loading");
  await build({
    root: join(import.meta.dirname, "page"),
    configFile: false,
    logLevel: "warn",
    build: { outDir, emptyOutDir: true, target: "esnext", modulePreload: false },
  });
  return outDir;
}

function medians(replies) {
  const names = Object.keys(replies[0]);
  return Object.fromEntries(names.map((name) => [name, median(replies.map((one) => one[name]))]));
}
