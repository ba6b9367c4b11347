// Runs a fuzz target: seeds of valid and mutated inputs, in turn, with the checks that hold for all
// targets: bounded time, readable errors, unchanged prototypes.
import assert from "node:assert/strict";
import { Worker } from "node:worker_threads";

/** Maximum CPU time of one run; the inputs are small. */
const MAX_CPU_MS = 2000;
/** A run without an end within this time ends the process. */
const HANG_MS = 120_000;

/** The targets by name; each module of targets/ exports one. */
const TARGETS = {
  log: () => import("./targets/log.mjs").then(({ logTarget }) => logTarget()),
  wire: () => import("./targets/wire.mjs").then(({ wireTarget }) => wireTarget()),
  attributes: () =>
    import("./targets/attributes.mjs").then(({ attributesTarget }) => attributesTarget()),
  cells: () => import("./targets/cells.mjs").then(({ cellsTarget }) => cellsTarget()),
  blocks: () => import("./targets/blocks.mjs").then(({ blocksTarget }) => blocksTarget()),
  ranged: () => import("./targets/ranged.mjs").then(({ rangedTarget }) => rangedTarget()),
  text: () => import("./targets/text.mjs").then(({ textTarget }) => textTarget()),
  replies: () => import("./targets/replies.mjs").then(({ repliesTarget }) => repliesTarget()),
  csv: () => import("./targets/files.mjs").then(({ fileTarget }) => fileTarget("csv")),
  json: () => import("./targets/files.mjs").then(({ fileTarget }) => fileTarget("json")),
  npy: () => import("./targets/files.mjs").then(({ fileTarget }) => fileTarget("npy")),
  safetensors: () =>
    import("./targets/files.mjs").then(({ fileTarget }) => fileTarget("safetensors")),
  parquet: () =>
    import("./targets/columnar.mjs").then(({ columnarTarget }) => columnarTarget("parquet")),
  arrow: () =>
    import("./targets/columnar.mjs").then(({ columnarTarget }) => columnarTarget("arrow")),
};

export const TARGET_NAMES = Object.keys(TARGETS);
/** Targets whose runs take a message to another process, and twenty times as long. */
export const SLOW_TARGETS = ["parquet", "arrow"];

/**
 * Runs a target with the seeds from `firstSeed` on, the even ones with a mutated input. Resolves
 * to the number of each outcome: "equal" for valid inputs, "read" and "refused" for mutated ones.
 * Throws with the seed of a failure. `onProgress` receives the number of runs, about once a second.
 */
export async function fuzz(name, runs, firstSeed = 1, onProgress = () => {}) {
  const target = await TARGETS[name]();
  const counts = { equal: 0, read: 0, refused: 0 };
  const prototypes = describePrototypes();
  const watchdog = watch(name);
  let reportedAt = performance.now();
  try {
    for (let run = 0; run < runs; run += 1) {
      const seed = firstSeed + run;
      const isMutated = seed % 2 === 0;
      watchdog.begin(seed);
      const cpu = process.cpuUsage();
      let outcome;
      try {
        outcome = await target.run(seed, isMutated);
        assert.equal(outcome === "equal", !isMutated, `the outcome is ${outcome}`);
        const { user, system } = process.cpuUsage(cpu);
        assert.ok(user + system < MAX_CPU_MS * 1000, `it took ${(user + system) / 1000} ms`);
        assert.equal(describePrototypes(), prototypes, "a prototype was changed");
      } catch (error) {
        throw new Error(`${name}, seed ${seed}: ${error?.stack ?? error}`, { cause: error });
      }
      counts[outcome] = (counts[outcome] ?? 0) + 1;
      if (performance.now() - reportedAt < 1000) continue;
      reportedAt = performance.now();
      onProgress(run + 1);
    }
  } finally {
    await watchdog.end();
    await target.close?.();
  }
  return counts;
}

/** The names of the properties that all objects and lists inherit. */
function describePrototypes() {
  return [Object.prototype, Array.prototype, Map.prototype, String.prototype, Function.prototype]
    .map((prototype) => Reflect.ownKeys(prototype).length)
    .join();
}

/** Ends the process, with the seed in a message, if a run does not end, as in an endless loop. */
function watch(name) {
  const seeds = new Int32Array(new SharedArrayBuffer(4));
  const code = `
    const { workerData: { name, seeds, hangMs } } = require("node:worker_threads");
    let seen = -1;
    setInterval(() => {
      const seed = Atomics.load(seeds, 0);
      if (seed === seen) {
        const message = name + ", seed " + seed + ": no end in " + hangMs + " ms";
        require("node:fs").writeSync(2, message);
        process.kill(process.pid, "SIGKILL");
      }
      seen = seed;
    }, hangMs).unref();
    require("node:worker_threads").parentPort.on("message", () => process.exit());`;
  const worker = new Worker(code, { eval: true, workerData: { name, seeds, hangMs: HANG_MS } });
  worker.unref();
  return {
    begin: (seed) => Atomics.store(seeds, 0, seed),
    end: () => worker.terminate(),
  };
}
