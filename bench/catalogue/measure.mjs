// One task of the catalogue bench: every peer builds its index, is tuned, and answers the queries,
// round after round.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runOrThrow } from "../../scripts/lib/run.mjs";
import { root } from "../../scripts/lib/versions.mjs";
import { cpuMsSince, median } from "../timing.mjs";

/** Hits per query, k of recall@k. */
export const HITS = 10;
/** The recall that tunable peers must reach. */
export const MIN_RECALL = 0.99;
/** Efforts (HNSW's ef) that are tried, ascending. */
export const EFFORTS = [10, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024];

const ROUNDS = 9;
const MIN_MEASURED_MS = 20; // shorter runs are repeated, because the CPU clock is coarse
const SLOW_MS = 200; // CPU ms of all queries; a slower peer answers 10 of them, in 3 rounds
const SLOW_BUILD_MS = 1000; // a slower build or load is measured once
const BATCH = 5; // queries of one call, where a peer can take several
const target = join(root, "target");

/**
 * Resolves to `{ set, runs, skipped }`. Times are medians of CPU ms; `ratio` is relative to the
 * first contestant. Adds `truth`, the exact hits of each query, to the task.
 */
export async function compare(task, contestants, native) {
  task.truth = task.queries.map((query) => exactHits(task, query));
  const runs = [];
  const skipped = [];
  for (const [name, open] of Object.entries(contestants)) {
    try {
      runs.push(await openRun(name, open, task));
    } catch (error) {
      skipped.push({ name, why: String(error?.message ?? error).split("\n")[0] });
    }
  }
  for (const name of native.names) {
    try {
      runs.push({ ...(await native.open(name, task)), times: [], rounds: ROUNDS });
    } catch (error) {
      skipped.push({ name, why: error.message });
    }
  }
  skipped.push(...native.skipped);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const run of runs.filter(({ rounds }) => round < rounds))
      run.times.push(run.measure ? await run.measure() : measureQueries(run));
  }
  const reference = median(runs[0].times);
  const rows = [];
  for (const run of runs) rows.push(await summarise(run, task, reference));
  await native.drop();
  return { set: task.name, runs: rows, skipped };
}

async function openRun(name, open, task) {
  const start = process.cpuUsage();
  const peer = await open(task);
  const run = { name, peer, times: [], queries: task.queries, firstBuild: cpuMsSince(start) };
  run.build = await measureBuild(run.firstBuild, open, task);
  run.first = measureFirstQuery(run);
  if (peer.tune) run.effort = tune(run, task.truth);
  run.recall = recall(run, task.truth);
  run.rounds = ROUNDS;
  if (measureQueries(run) * task.queries.length > SLOW_MS)
    Object.assign(run, { queries: task.queries.slice(0, 10), rounds: 3 });
  return run;
}

async function summarise(run, task, reference) {
  const { name, recall, build, firstBuild, peer, first, effort } = run;
  const milliseconds = median(run.times);
  const ratio = milliseconds / reference;
  const note = peer?.note;
  const row = { name, recall, milliseconds, ratio, build, firstBuild, first, effort, note };
  if (peer?.load) row.load = await measureLoad(peer);
  if (peer?.searchMany) Object.assign(row, measureBatches(run));
  if (peer?.memory) row.memory = peer.memory();
  if (peer?.bytes) {
    const bytes = peer.bytes.length;
    Object.assign(row, { bytes, bytesPerItem: bytes / task.n }, await coldStart(peer, task));
  }
  return row;
}

/** CPU ms to build the index, median of five where one takes under a second. */
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

/** Sets and returns the least effort that reaches MIN_RECALL, or the largest. */
function tune(run, truth) {
  for (const effort of EFFORTS) {
    run.peer.tune(effort);
    if (recall(run, truth) >= MIN_RECALL) return effort;
  }
  return EFFORTS.at(-1);
}

function recall({ peer, queries }, truth) {
  return recallOf(
    queries.map((query) => peer.search(query, HITS)),
    truth,
  );
}

/** Share of the exact hits that were found. `found` are rows per query, `truth` sets of rows. */
export function recallOf(found, truth) {
  const hits = found.map((rows, at) => rows.filter((row) => truth[at].has(row)).length);
  return hits.reduce((sum, count) => sum + count, 0) / (HITS * found.length);
}

function measureFirstQuery({ peer, queries }) {
  const start = process.cpuUsage();
  peer.search(queries[0], HITS);
  return cpuMsSince(start);
}

/** CPU ms per query. */
function measureQueries({ peer, queries }) {
  const start = process.cpuUsage();
  let passes = 0;
  do {
    for (const query of queries) peer.search(query, HITS);
    passes += 1;
  } while (cpuMsSince(start) < MIN_MEASURED_MS);
  return cpuMsSince(start) / passes / queries.length;
}

/** CPU ms of five queries, in one call (`five`) and in five calls (`fiveCalls`). */
function measureBatches({ peer, queries }) {
  const together = [];
  const separate = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [times, search] of [
      [together, (batch) => peer.searchMany(batch, HITS)],
      [separate, (batch) => batch.forEach((query) => peer.search(query, HITS))],
    ]) {
      const start = process.cpuUsage();
      let batches = 0;
      do {
        for (let at = 0; at < queries.length; at += BATCH) search(queries.slice(at, at + BATCH));
        batches += queries.length / BATCH;
      } while (cpuMsSince(start) < MIN_MEASURED_MS);
      times.push(cpuMsSince(start) / batches);
    }
  }
  return { five: median(together), fiveCalls: median(separate) };
}

/** Loading, first query and wasm memory of a fresh process. */
async function coldStart({ bytes }, task) {
  const file = join(target, "bench.sage");
  const queries = join(target, "bench-cold-start.f32");
  await mkdir(target, { recursive: true });
  await writeFile(file, bytes);
  await writeFile(queries, concatenate(task.queries));
  const script = join(import.meta.dirname, "cold-start.mjs");
  const { output } = await runOrThrow(process.execPath, [script, file, queries]);
  const { load, first, memory } = JSON.parse(output.trim().split("\n").at(-1));
  return { coldLoad: load, first, memory };
}

/** CPU ms from what the peer saved until it can answer. */
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

/** Rows of the HITS largest inner products. */
function exactHits({ vectors }, query) {
  const scores = vectors.map((vector, row) => [
    vector.reduce((sum, x, i) => sum + x * query[i], 0),
    row,
  ]);
  return new Set(
    scores
      .sort((a, b) => b[0] - a[0])
      .slice(0, HITS)
      .map(([, row]) => row),
  );
}

/** The bytes of vectors, one after the other. */
export function concatenate(vectors) {
  return Buffer.concat(
    vectors.map(({ buffer, byteOffset, byteLength }) =>
      Buffer.from(buffer, byteOffset, byteLength),
    ),
  );
}
