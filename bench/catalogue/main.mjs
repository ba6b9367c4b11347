// `npm run bench:catalogue`: PocketSage's catalogue, every vector index on npm that runs in Node,
// and native indexes, in one interleaved run.
//   npm run bench:catalogue -- --json     machine-readable; measures pkg/ without building it
//   npm run bench:catalogue -- 5k text    only these data sets (5k, 20k, 100k, text)
//   npm run bench:catalogue -- --figures  the table into docs/figures.md
//   npm run bench:catalogue -- 5k a.json  merges a report that --json wrote before
// CPU time per query, median over rounds, hot (queries follow each other) and isolated (each
// follows 20 ms of idleness and a pass over 32 MB of other memory); recall@10 against exact f32
// scores. Libraries with a tunable search effort use the least one that reaches a recall of 0.99.
import { readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { build } from "../../scripts/build.mjs";
import { runScript } from "../../scripts/lib/output.mjs";
import { setup } from "../../scripts/setup.mjs";
import { loadTextDataSet, topicDataSet } from "../data/catalogue-sets.mjs";
import { catalogueOptions } from "../options.mjs";
import { installPeers } from "./install.mjs";
import { comparePeers, HITS_PER_QUERY } from "./measure.mjs";
import { startNativePeers } from "./native.mjs";
import { measureInChromium } from "./page.mjs";
import { chromiumLine, printDataSet, writeCatalogueFigures } from "./report.mjs";

await runScript(async () => {
  const { sets, reports, json, figures } = catalogueOptions(process.argv.slice(2));
  const earlierReports = await Promise.all(
    reports.map(async (file) => JSON.parse(await readFile(file, "utf8"))),
  );
  if (!json) {
    await setup();
    await build();
  }
  await installPeers();
  const { results, browser } = await measureDataSets(
    sets,
    (result) => json || printDataSet(result),
  );
  results.push(...earlierReports.flatMap((report) => report.results));
  browser.results?.push(...earlierReports.flatMap((report) => report.browser.results ?? []));
  const node = process.versions.node;
  const report = { node, cpu: cpus()[0].model, k: HITS_PER_QUERY, results, browser };
  if (json) console.log(JSON.stringify(report, undefined, 2));
  else console.log(`\n${chromiumLine(browser)}`);
  if (figures) await writeCatalogueFigures(report);
});

/** Measures each data set in Node, then all but the largest in Chromium. */
async function measureDataSets(names, onResult) {
  const peers = await import("./peers.mjs"); // its imports exist only once the peers are installed
  const flatIndexes = {
    "plain JavaScript": peers.plain,
    "rvf-wasm flat": peers.rvf,
    "sqlite-vec-wasm flat": peers.sqliteVec,
    "orama flat": peers.orama,
    voy: peers.voy,
  };
  const allPeers = {
    PocketSage: peers.pocketsage,
    "hnswlib-wasm": peers.hnswlib,
    edgevec: peers.edgevec,
    ...flatIndexes,
  };
  const withLists = {
    PocketSage: (task) => peers.pocketsage(task, { lists: true }),
    "PocketSage, without lists": peers.pocketsage,
  };
  const peersForLargeSets = { ...withLists, "hnswlib-wasm": peers.hnswlib };
  const dataSets = {
    "5k": { load: () => topicDataSet(5000), contestants: allPeers, chromium: true },
    "20k": {
      load: () => topicDataSet(20_000),
      contestants: { ...allPeers, ...withLists },
      chromium: true,
    },
    "100k": { load: () => topicDataSet(100_000), contestants: peersForLargeSets, chromium: false },
    text: { load: loadTextDataSet, contestants: { ...allPeers, ...withLists }, chromium: true },
  };
  const native = await startNativePeers();
  const results = [];
  const chromiumTasks = [];
  try {
    for (const [name, { load, contestants, chromium }] of Object.entries(dataSets)) {
      if (!names.includes(name)) continue;
      const task = await load();
      if (task.missing) {
        results.push({
          set: name,
          skipped: [{ name: "the data set", why: task.missing }],
          runs: [],
        });
      } else {
        results.push(await comparePeers(task, contestants, native));
        if (chromium) chromiumTasks.push(task);
      }
      onResult(results.at(-1));
    }
  } finally {
    native.close();
  }
  const tunedEffort = (task, peer) =>
    results.find(({ set }) => set === task.name).runs.find(({ name }) => name === peer)?.effort ??
    64;
  return { results, browser: await measureInChromium(chromiumTasks, HITS_PER_QUERY, tunedEffort) };
}
