// `npm run bench:catalogue`: PocketSage's catalogue, every vector index on npm that runs in Node,
// and native indexes, in one interleaved run.
//   npm run bench:catalogue -- --json     machine-readable, of what is already built
//   npm run bench:catalogue -- 5k text    only these sets (5k, 20k, 100k, text)
//   npm run bench:catalogue -- --figures  the table into docs/figures.md
//   npm run bench:catalogue -- 5k a.json  merges a report that --json wrote before
// CPU time per query, median over rounds; recall@10 against exact f32 scores. Peers with a tunable
// effort use the least one that reaches a recall of 0.99.
import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { build } from "../../scripts/build.mjs";
import { runScript } from "../../scripts/lib/output.mjs";
import { runOrThrow } from "../../scripts/lib/run.mjs";
import { root } from "../../scripts/lib/versions.mjs";
import { setup } from "../../scripts/setup.mjs";
import { textSet, topicSet } from "../data/catalogue-sets.mjs";
import { catalogueOptions } from "../options.mjs";
import { compare, HITS } from "./measure.mjs";
import { startNativePeers } from "./native.mjs";
import { measureInChromium } from "./page.mjs";
import { chromiumLine, printSet, writeCatalogueFigures } from "./report.mjs";

const TEXT_DIM = 384;

await runScript(async () => {
  const { sets, reports, json, figures } = catalogueOptions(process.argv.slice(2));
  const earlier = await Promise.all(
    reports.map(async (file) => JSON.parse(await readFile(file, "utf8"))),
  );
  if (!json) {
    await setup();
    await build();
  }
  await installPeers();
  const { results, browser } = await measureSets(sets, (result) => json || printSet(result));
  results.push(...earlier.flatMap((report) => report.results));
  browser.results?.push(...earlier.flatMap((report) => report.browser.results ?? []));
  const node = process.versions.node;
  const report = { node, cpu: cpus()[0].model, k: HITS, results, browser };
  if (json) console.log(JSON.stringify(report, undefined, 2));
  else console.log(`\n${chromiumLine(browser)}`);
  if (figures) await writeCatalogueFigures(report);
});

/** Installs bench/catalogue/package.json, which is not a part of the package's own lock file. */
async function installPeers() {
  const cwd = import.meta.dirname;
  if (existsSync(join(cwd, "node_modules"))) return;
  const install = ["ci", "--no-audit", "--no-fund", "--ignore-scripts"];
  await runOrThrow("npm", install, { cwd, minutes: 10 });
}

/** Measures each set in Node, then all but the largest in Chromium. */
async function measureSets(names, onResult) {
  const peers = await import("./peers.mjs"); // its imports exist only once the peers are installed
  const flat = {
    "plain JavaScript": peers.plain,
    "rvf-wasm flat": peers.rvf,
    "sqlite-vec-wasm flat": peers.sqliteVec,
    "orama flat": peers.orama,
    voy: peers.voy,
  };
  const all = {
    PocketSage: peers.pocketsage,
    "hnswlib-wasm": peers.hnswlib,
    edgevec: peers.edgevec,
    ...flat,
  };
  const large = {
    PocketSage: (task) => peers.pocketsage(task, { lists: true }),
    "PocketSage, without lists": peers.pocketsage,
    "hnswlib-wasm": peers.hnswlib,
  };
  const sets = {
    "5k": { load: () => topicSet(5000), contestants: all, chromium: true },
    "20k": { load: () => topicSet(20_000), contestants: all, chromium: true },
    "100k": { load: () => topicSet(100_000), contestants: large, chromium: false },
    text: { load: loadText, contestants: all, chromium: true },
  };
  const native = await startNativePeers();
  const results = [];
  const chromiumTasks = [];
  try {
    for (const [name, { load, contestants, chromium }] of Object.entries(sets)) {
      if (!names.includes(name)) continue;
      const task = await load();
      if (task.missing) {
        results.push({ set: name, skipped: [{ name: "the set", why: task.missing }], runs: [] });
      } else {
        results.push(await compare(task, contestants, native));
        if (chromium) chromiumTasks.push(task);
      }
      onResult(results.at(-1));
    }
  } finally {
    native.close();
  }
  const effortOf = (task, peer) =>
    results.find(({ set }) => set === task.name).runs.find(({ name }) => name === peer)?.effort ??
    64;
  return { results, browser: await measureInChromium(chromiumTasks, HITS, effortOf) };
}

/**
 * Embedded package descriptions, made once; `{ missing: reason }` if the model is not installed.
 */
async function loadText() {
  const folder = join(root, ".tools", "bench-text");
  const file = join(folder, "vectors.f32");
  const python = join(root, ".tools", "emoji-venv", "bin", "python");
  if (!existsSync(file)) {
    if (!existsSync(python))
      return { missing: "no text model here: `node data/emoji/build.mjs` installs it" };
    await mkdir(folder, { recursive: true });
    const command = [join(import.meta.dirname, "..", "data", "text.py"), "--out", file];
    await runOrThrow(python, command, { minutes: 60, show: true });
  }
  return textSet(file, TEXT_DIM);
}
