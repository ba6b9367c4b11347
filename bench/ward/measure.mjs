// One run of the Ward bench: every task is clustered by all contestants in turn, round after round.
// Reports medians, and asserts equal trees.
import { Remedy } from "../../scripts/lib/output.mjs";
import { makeTask } from "../data/ward-tasks.mjs";
import { median, shuffled } from "../timing.mjs";
import { contestants } from "./contestants.mjs";
import { prepareProgram, startProgram } from "./programs.mjs";

/**
 * The effort of a run: the time to warm up and to measure a contestant on one task, and the least
 * and greatest number of rounds. In a round each contestant answers one hot request, whose calls
 * are repeated for `requestMs`, and one of a single isolated call, each in random order.
 */
const fullPlan = {
  warmUpMs: 300,
  measuringMs: 600,
  rounds: [3, 15],
  requestMs: 20,
  measuresMemory: true,
  firstCallProcesses: 25,
};
const quickPlan = {
  warmUpMs: 200,
  measuringMs: 300,
  rounds: [3, 11],
  requestMs: 20,
  measuresMemory: false,
  firstCallProcesses: 5,
};
/**
 * Milliseconds; a contestant with a slower first call is not called again. That call is hot and
 * isolated at once: caches and idleness do not matter to it.
 */
const SLOW_MS = 4000;
const LARGE_ROWS = 10_000; // tasks with more rows are measured only with LARGE_DIM dimensions
const LARGE_DIM = 64;
const MEMORY_DIM = 256;
const FIRST_CALL = { data: "mixture", n: 300, dim: 256 };
// Differences of squared heights are relative to at least this: cancellation of the f32 norms of
// unit vectors leaves errors of 1e-6 in small heights.
const MIN_COMPARED_HEIGHT = 0.1;

/**
 * Measures what the options of ../options.mjs select. Resolves to `{ results, first, skipped }`,
 * results being `[{ data, n, dim, contestants, absent }]`, and contestants
 * `[{ name, cpu, wall, isolated, calls, memory, ratio, difference, sameTree } | { name, error }]`.
 * Times are medians in ms, those of isolated calls and their ratios in `isolated`; `memory` is
 * bytes of a fresh process; `ratio` is relative to the first contestant; `difference` is the
 * largest relative difference to its squared heights.
 * Rejects if two trees differ. `log` receives progress messages.
 */
export async function measureWard(options, log = () => {}) {
  const plan = options.quick ? quickPlan : fullPlan;
  const { ready, skipped } = await prepareContestants(options.only, log);
  const programs = new Map();
  for (const contestant of ready) {
    const key = processKey(contestant);
    if (!programs.has(key)) programs.set(key, startProgram(contestant.command));
  }
  const bench = { plan, log, programs, ready };
  try {
    const results = [];
    for (const data of options.data) {
      for (const n of options.sizes) {
        for (const dim of options.dims.filter((value) => n <= LARGE_ROWS || value === LARGE_DIM)) {
          const task = await makeTask(data, n, dim);
          if (task) results.push(await compareContestants(task, bench, options));
        }
      }
    }
    if (results.length === 0)
      throw new Remedy(
        "No data set has vectors of this shape. The emoji are 1,914 vectors of 384 dimensions; " +
          `more than ${LARGE_ROWS} rows need --dims ${LARGE_DIM}.`,
      );
    return { results, first: await measureFirstCalls(bench, options), skipped };
  } finally {
    for (const program of programs.values()) await program.close();
  }
}

/**
 * The key of a contestant's process: contestants with equal keys share one. In Node each has its
 * own process, because a shared one would have one garbage collector and one wasm memory of
 * PocketSage.
 */
function processKey({ name, runtime }) {
  return runtime === "node" ? name : runtime;
}

/** Builds the programs of the named contestants; those that cannot run are `skipped`. */
async function prepareContestants(names, log) {
  const [ready, skipped] = [[], []];
  for (const contestant of contestants.filter(({ name }) => names.includes(name))) {
    try {
      log(`preparing ${contestant.name}`);
      ready.push({ ...contestant, command: await prepareProgram(contestant) });
    } catch (error) {
      skipped.push({ name: contestant.name, why: error.message.trim().split("\n").at(-1) });
    }
  }
  if (ready.length === 0)
    throw new Remedy(
      `No contestant can run: ${skipped.map(({ name, why }) => `${name}: ${why}`).join("; ")}`,
    );
  return { ready, skipped };
}

/** Measures all contestants on one task, and asserts that their trees are equal. */
async function compareContestants({ data, n, dim, path }, bench, options) {
  const { plan, log, programs, ready } = bench;
  const taskLabel = `${data}, n = ${n}, d = ${dim}`;
  const absent = ready.filter(({ maxRows }) => n > maxRows).map(({ name, why }) => ({ name, why }));
  const runs = [];
  log(taskLabel);
  for (const contestant of ready.filter(({ maxRows }) => n <= maxRows)) {
    runs.push(await warmUp(contestant, { path, dim }, programs.get(processKey(contestant)), plan));
  }
  const reference = runs.find(({ heights }) => heights);
  for (const run of runs.filter(({ heights }) => heights))
    run.difference = compareHeights(reference, run, taskLabel);

  const maxRounds = Math.max(...runs.map(({ rounds }) => rounds), 0);
  for (let round = 0; round < maxRounds; round += 1) {
    const roundRuns = runs.filter(({ rounds }) => runsInRound(round, rounds, maxRounds));
    for (const isolated of [false, true]) {
      for (const run of shuffled(roundRuns)) {
        const { wall, cpu } = await programs.get(processKey(run)).request({
          contestant: run.name,
          path,
          dim,
          heights: false,
          isolated,
          calls: isolated ? 1 : run.callsPerRequest,
        });
        const times = isolated ? run.isolated : run;
        times.wall.push(...wall);
        times.cpu.push(...cpu);
      }
    }
  }
  const isMemoryTask = dim === MEMORY_DIM || !options.dims.includes(MEMORY_DIM) || n > LARGE_ROWS;
  if (plan.measuresMemory && isMemoryTask) {
    for (const run of runs.filter(({ error }) => !error))
      run.memory = await measureMemory(run, { path, dim });
  }
  return { data, n, dim, contestants: summarise(runs), absent };
}

/**
 * Calls a contestant until its code is compiled and optimised, and plans its number of rounds and
 * its calls per request.
 */
async function warmUp(contestant, { path, dim }, program, plan) {
  const { name, tolerance } = contestant;
  const run = { ...contestant, rounds: 0, wall: [], cpu: [], isolated: { wall: [], cpu: [] } };
  const request = { contestant: name, path, dim, calls: 1, heights: false, isolated: false };
  let fastestMs;
  try {
    const reply = await program.request({ ...request, heights: tolerance !== undefined });
    fastestMs = reply.wall[0];
    run.heights = reply.heights ?? undefined;
    if (fastestMs >= SLOW_MS) {
      const { wall, cpu } = reply;
      return Object.assign(run, { wall, cpu, isolated: { wall, cpu } });
    }
  } catch (error) {
    return { ...run, error: error.message };
  }
  for (let spentMs = fastestMs; spentMs < plan.warmUpMs; ) {
    const { wall } = await program.request(request);
    fastestMs = Math.min(fastestMs, wall[0]);
    spentMs += wall[0];
  }
  run.callsPerRequest = Math.max(1, Math.min(50, Math.floor(plan.requestMs / fastestMs)));
  run.rounds = plannedRounds(fastestMs, run.callsPerRequest, plan);
  return run;
}

/** The number of rounds of a contestant whose requests repeat calls of `callMs`. */
function plannedRounds(callMs, callsPerRequest, { rounds: [minRounds, maxRounds], measuringMs }) {
  return Math.max(
    minRounds,
    Math.min(maxRounds, Math.floor(measuringMs / (callMs * callsPerRequest))),
  );
}

/** Whether a contestant runs in a round: its `rounds` are spread evenly over `maxRounds`. */
function runsInRound(round, rounds, maxRounds) {
  return Math.floor(((round + 1) * rounds) / maxRounds) > Math.floor((round * rounds) / maxRounds);
}

/** Bytes of memory of one call in a fresh process; undefined if the system does not report them. */
async function measureMemory({ name, command }, { path, dim }) {
  const program = startProgram(command);
  try {
    const request = { contestant: name, path, dim, calls: 1, heights: false, isolated: false };
    return (await program.request(request)).memory ?? undefined;
  } finally {
    await program.close();
  }
}

/**
 * Measures the first call of a fresh process, interleaved with warm calls of some contestants:
 * `{ n, dim, processes, load, call, warm }`. `load` is the import and `init()`, `call` the call
 * after it; CPU time includes the compiler's threads. Undefined if `ours` or the task is not
 * selected.
 */
async function measureFirstCalls({ plan, log, programs, ready }, options) {
  const { data, n, dim } = FIRST_CALL;
  const isSelected =
    options.data.includes(data) && options.sizes.includes(n) && options.dims.includes(dim);
  const ourContestant = ready.find(({ name }) => name === "ours");
  if (!isSelected || !ourContestant) return undefined;
  const { path } = await makeTask(data, n, dim);
  const warm = ready
    .filter(({ name }) => ["ours", "fastcluster", "sgemm"].includes(name))
    .map((contestant) => ({ ...contestant, wall: [], cpu: [] }));
  const load = { wall: [], cpu: [] };
  const call = { wall: [], cpu: [] };
  log(`first call, n = ${n}, d = ${dim}: ${plan.firstCallProcesses} fresh processes`);
  for (let round = 0; round < plan.firstCallProcesses; round += 1) {
    const request = { path, dim, heights: false, isolated: false };
    const program = startProgram(ourContestant.command);
    const reply = await program.request({ ...request, contestant: "ours", calls: 1 });
    await program.close();
    for (const clock of ["wall", "cpu"]) {
      load[clock].push(reply.load[clock]);
      call[clock].push(reply[clock][0]);
    }
    for (const run of warm) {
      const { wall, cpu } = await programs
        .get(processKey(run))
        .request({ ...request, contestant: run.name, calls: 5 });
      run.wall.push(...wall);
      run.cpu.push(...cpu);
    }
  }
  const firstCall = medians(call);
  return {
    n,
    dim,
    processes: plan.firstCallProcesses,
    load: medians(load),
    call: firstCall,
    warm: warm.map((run) => {
      const times = medians(run);
      return { name: run.name, ...times, ratio: ratio(times, firstCall) };
    }),
  };
}

function summarise(runs) {
  const reference = runs.find(({ error }) => !error);
  return runs.map((run) => {
    const { name, error, memory, difference } = run;
    if (error) return { name, error };
    const times = medians(run);
    const isolated = medians(run.isolated);
    return {
      name,
      ...times,
      isolated: { ...isolated, ratio: ratio(isolated, medians(reference.isolated)) },
      calls: run.wall.length,
      memory,
      ratio: ratio(times, medians(reference)),
      difference,
      sameTree: difference === undefined ? undefined : difference <= run.tolerance,
    };
  });
}

/**
 * The largest relative difference of two runs' squared heights. Throws a Remedy if it exceeds the
 * larger tolerance, unless the contestant `mayDiffer`.
 */
function compareHeights(reference, run, taskLabel) {
  const [expectedHeights, foundHeights] = [reference.heights, run.heights];
  const tolerance = Math.max(reference.tolerance, run.tolerance);
  if (foundHeights.length !== expectedHeights.length)
    throw new Remedy(
      `${taskLabel}: ${run.name} made ${foundHeights.length} merges, ` +
        `${reference.name} ${expectedHeights.length}.`,
    );
  const differences = foundHeights.map((height, i) => {
    const scale = Math.max(height, expectedHeights[i], MIN_COMPARED_HEIGHT);
    return Math.abs(height - expectedHeights[i]) / scale;
  });
  const worstIndex = differences.reduce(
    (largest, value, i) => (value > differences[largest] ? i : largest),
    0,
  );
  if (differences[worstIndex] > tolerance && !run.mayDiffer) {
    throw new Remedy(
      `${taskLabel}: merge ${worstIndex} of ${run.name} has the squared height ` +
        `${foundHeights[worstIndex]}, that of ${reference.name} ${expectedHeights[worstIndex]}.`,
    );
  }
  return differences[worstIndex] ?? 0;
}

function medians({ cpu, wall }) {
  return { cpu: median(cpu), wall: median(wall) };
}

function ratio(times, reference) {
  return { cpu: times.cpu / reference.cpu, wall: times.wall / reference.wall };
}
