// Measures one task of the catalogue bench: every peer builds its index, is tuned, and answers the
// queries, round after round.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MODULES_FLAG, runOrThrow } from "../../scripts/lib/run.mjs";
import { root } from "../../scripts/lib/versions.mjs";
import { cpuMsSince, isolateNextCall, measureTime, median, shuffled } from "../timing.mjs";

/** Number of hits per query: the k of recall@k. */
export const HITS_PER_QUERY = 10;
/** The recall that tunable peers must reach. */
export const MIN_RECALL = 0.99;
/** Search efforts (HNSW's ef) that are tried in this order until MIN_RECALL is reached. */
export const EFFORTS = [10, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024];

const ROUNDS = 9;
const ISOLATED_ROUNDS = 25; // of one query each
const MIN_MEASURED_MS = 20; // shorter runs are repeated, because the CPU clock is coarse
const SLOW_MS = 200; // CPU ms of all queries; a slower peer answers 10 of them, in 3 rounds
const SLOW_BUILD_MS = 1000; // a slower build or load is measured once
const QUERIES_PER_BATCH = 5; // of a call of searchMany
const targetFolder = join(root, "target");

/**
 * Measures all peers on a task. Resolves to `{ set, runs, skipped }`. Times are medians of CPU ms;
 * `ratio` is relative to the first contestant; `isolated` has both for isolated queries. Adds
 * `truth`, the exact hits of each query, to the task.
 */
export async function comparePeers(task, contestants, nativePeers) {
  task.truth = task.queries.map((query) => exactHits(task, query));
  const runs = [];
  const skipped = [];
  for (const [name, open] of Object.entries(contestants)) {
    try {
      runs.push(await prepareRun(name, open, task));
    } catch (error) {
      skipped.push({ name, why: String(error?.message ?? error).split("\n")[0] });
    }
  }
  for (const name of nativePeers.names) {
    try {
      const run = await nativePeers.open(name, task);
      runs.push({ ...run, times: [], isolatedTimes: [], rounds: ROUNDS });
    } catch (error) {
      skipped.push({ name, why: error.message });
    }
  }
  skipped.push(...nativePeers.skipped);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const run of shuffled(runs.filter(({ rounds }) => round < rounds)))
      run.times.push(run.measure ? await run.measure() : measureQueries(run));
  }
  for (let round = 0; round < ISOLATED_ROUNDS; round += 1) {
    for (const run of shuffled(runs)) {
      const isolatedMs =
        run.measureIsolated ?? ((query) => measureIsolatedQuery(run.peer, task, query));
      run.isolatedTimes.push(await isolatedMs(round));
    }
  }
  const rows = [];
  for (const run of runs) rows.push(await summarise(run, task, runs[0]));
  await nativePeers.drop();
  return { set: task.name, runs: rows, skipped };
}

/** Builds and tunes a peer, measures its build, first query and recall, and plans its rounds. */
async function prepareRun(name, open, task) {
  const start = process.cpuUsage();
  const peer = await open(task);
  const firstBuild = cpuMsSince(start);
  const run = { name, peer, times: [], isolatedTimes: [], queries: task.queries, firstBuild };
  run.build = await measureBuild(run.firstBuild, open, task);
  run.first = measureFirstQuery(run);
  if (peer.tune) run.effort = tuneEffort(run, task.truth);
  run.recall = recallOfRun(run, task.truth);
  run.rounds = ROUNDS;
  if (measureQueries(run) * task.queries.length > SLOW_MS)
    Object.assign(run, { queries: task.queries.slice(0, 10), rounds: 3 });
  return run;
}

/** The row of a run in the report; ratios are relative to `reference`. */
async function summarise(run, task, reference) {
  const { name, recall, build, firstBuild, peer, first, effort } = run;
  const milliseconds = median(run.times);
  const ratio = milliseconds / median(reference.times);
  const isolatedMs = median(run.isolatedTimes);
  const isolated = {
    milliseconds: isolatedMs,
    ratio: isolatedMs / median(reference.isolatedTimes),
  };
  const note = peer?.note;
  const row = {
    name,
    recall,
    milliseconds,
    ratio,
    isolated,
    build,
    firstBuild,
    first,
    effort,
    note,
  };
  if (peer?.load) row.load = await measureLoad(peer);
  if (peer?.searchMany) Object.assign(row, measureBatches(run));
  if (peer?.memory) row.memory = peer.memory();
  if (peer?.bytes) {
    const bytes = peer.bytes.length;
    Object.assign(row, { bytes, bytesPerItem: bytes / task.n }, await coldStart(peer, task));
  }
  return row;
}

/** CPU ms to build the index: the median of five builds, or `first` if that is over a second. */
async function measureBuild(first, open, task) {
  if (first > SLOW_BUILD_MS) return first;
  const times = [first];
  while (times.length < 5) {
    const start = process.cpuUsage();
    const peer = await open(task);
    times.push(cpuMsSince(start));
    peer.close?.();
  }
  return median(times);
}

/** Sets and returns the least effort that reaches MIN_RECALL, or the largest if none does. */
function tuneEffort(run, truth) {
  for (const effort of EFFORTS) {
    run.peer.tune(effort);
    if (recallOfRun(run, truth) >= MIN_RECALL) return effort;
  }
  return EFFORTS.at(-1);
}

function recallOfRun({ peer, queries }, truth) {
  return recallOf(
    queries.map((query) => peer.search(query, HITS_PER_QUERY)),
    truth,
  );
}

/**
 * Share of the exact hits that were found. Per query, `found` is an array of rows, `truth` a set.
 */
export function recallOf(found, truth) {
  const hits = found.map((rows, at) => rows.filter((row) => truth[at].has(row)).length);
  return hits.reduce((sum, count) => sum + count, 0) / (HITS_PER_QUERY * found.length);
}

function measureFirstQuery({ peer, queries }) {
  const start = process.cpuUsage();
  peer.search(queries[0], HITS_PER_QUERY);
  return cpuMsSince(start);
}

/** CPU ms per query. All queries are repeated until MIN_MEASURED_MS have passed. */
function measureQueries({ peer, queries }) {
  const start = process.cpuUsage();
  let passes = 0;
  do {
    for (const query of queries) peer.search(query, HITS_PER_QUERY);
    passes += 1;
  } while (cpuMsSince(start) < MIN_MEASURED_MS);
  return cpuMsSince(start) / passes / queries.length;
}

/** CPU ms of one isolated query, given by its index. */
async function measureIsolatedQuery(peer, { queries }, query) {
  await isolateNextCall();
  return measureTime(() => void peer.search(queries[query], HITS_PER_QUERY)).cpu;
}

/** CPU ms of five queries, in one call (`five`) and in five calls (`fiveCalls`). */
function measureBatches({ peer, queries }) {
  const timesOfOneCall = [];
  const timesOfFiveCalls = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [times, search] of [
      [timesOfOneCall, (batch) => peer.searchMany(batch, HITS_PER_QUERY)],
      [timesOfFiveCalls, (batch) => batch.forEach((query) => peer.search(query, HITS_PER_QUERY))],
    ]) {
      const start = process.cpuUsage();
      let batches = 0;
      do {
        for (let at = 0; at < queries.length; at += QUERIES_PER_BATCH)
          search(queries.slice(at, at + QUERIES_PER_BATCH));
        batches += queries.length / QUERIES_PER_BATCH;
      } while (cpuMsSince(start) < MIN_MEASURED_MS);
      times.push(cpuMsSince(start) / batches);
    }
  }
  return { five: median(timesOfOneCall), fiveCalls: median(timesOfFiveCalls) };
}

/** CPU ms of loading and of the first query, and bytes of wasm memory, in a fresh process. */
async function coldStart({ bytes }, task) {
  const file = join(targetFolder, "bench.sage");
  const queries = join(targetFolder, "bench-cold-start.f32");
  await mkdir(targetFolder, { recursive: true });
  await writeFile(file, bytes);
  await writeFile(queries, bytesOfVectors(task.queries));
  const script = join(import.meta.dirname, "cold-start.mjs");
  const { output } = await runOrThrow(process.execPath, [MODULES_FLAG, script, file, queries]);
  const { load, first, memory } = JSON.parse(output.trim().split("\n").at(-1));
  return { coldLoad: load, first, memory };
}

/** CPU ms to load a saved index, until the peer can answer queries. */
async function measureLoad(peer) {
  await peer.save?.();
  const times = [];
  while (times.length < ROUNDS && times.every((time) => time < SLOW_BUILD_MS)) {
    const start = process.cpuUsage();
    const close = await peer.load();
    times.push(cpuMsSince(start));
    close();
  }
  return median(times);
}

/** The rows of the HITS_PER_QUERY largest inner products with the query, as a set. */
function exactHits({ vectors }, query) {
  const scores = vectors.map((vector, row) => {
    let score = 0;
    for (let i = 0; i < vector.length; i += 1) score += vector[i] * query[i];
    return [score, row];
  });
  return new Set(
    scores
      .sort((a, b) => b[0] - a[0])
      .slice(0, HITS_PER_QUERY)
      .map(([, row]) => row),
  );
}

/** The bytes of several vectors as one buffer. */
export function bytesOfVectors(vectors) {
  return Buffer.concat(
    vectors.map(({ buffer, byteOffset, byteLength }) =>
      Buffer.from(buffer, byteOffset, byteLength),
    ),
  );
}
