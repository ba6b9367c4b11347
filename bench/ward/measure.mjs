// One run of the Ward bench: every task is clustered by all contestants in turn, round after round.
// Reports medians, and asserts equal trees.
import { Remedy } from "../../scripts/lib/output.mjs";
import { makeTask } from "../data/ward-tasks.mjs";
import { median } from "../timing.mjs";
import { contestants } from "./contestants.mjs";
import { prepareProgram, startProgram } from "./programs.mjs";

/**
 * Time limits in ms, and counts. Calls shorter than `batch` ms are made several per request, so
 * that no contestant is charged for messages and cold caches.
 */
const fullPace = {
  warmUp: 600,
  budget: 2000,
  rounds: [3, 41],
  slowRounds: 2,
  batch: 20,
  memory: true,
  firstCallProcesses: 25,
};
const quickPace = {
  warmUp: 200,
  budget: 300,
  rounds: [3, 11],
  slowRounds: 1,
  batch: 20,
  memory: false,
  firstCallProcesses: 5,
};
const SLOW_MS = 4000; // a call that takes longer is not warmed up: the first one counts
const VERY_SLOW_MS = 20_000; // a call that takes longer is made once
const LARGE_ROWS = 10_000; // more rows are measured in one dimension only
const LARGE_DIM = 64;
const MEMORY_DIM = 256;
const FIRST_CALL = { data: "mixture", n: 300, dim: 256 };
// Squared heights below this are compared as if they were this high: of unit vectors, f32 norms
// that cancel leave 1e-6.
const MIN_COMPARED_HEIGHT = 0.1;

/**
 * Measures what the options of ../options.mjs select. Resolves to `{ results, first, skipped }`,
 * results being `[{ data, n, dim, contestants, absent }]`, and contestants
 * `[{ name, cpu, wall, calls, memory, ratio, difference, sameTree } | { name, error }]`.
 * Times are medians in ms; `memory` is bytes of a fresh process; `ratio` is relative to the first
 * contestant; `difference` is the largest relative difference to its squared heights.
 * Rejects if two trees differ. `log` receives progress messages.
 */
export async function measureWard(options, log = () => {}) {
  const pace = options.quick ? quickPace : fullPace;
  const { ready, skipped } = await prepareContestants(options.only, log);
  const programs = new Map();
  for (const contestant of ready) {
    const key = processKey(contestant);
    if (!programs.has(key)) programs.set(key, startProgram(contestant.command));
  }
  const field = { pace, log, programs, ready };
  try {
    const results = [];
    for (const data of options.data) {
      for (const n of options.sizes) {
        for (const dim of options.dims.filter((one) => n <= LARGE_ROWS || one === LARGE_DIM)) {
          const task = await makeTask(data, n, dim);
          if (task) results.push(await compare(task, field, options));
        }
      }
    }
    if (results.length === 0)
      throw new Remedy(
        "No data set has vectors of this shape. The emoji are 1,914 vectors of 384 dimensions; " +
          `more than ${LARGE_ROWS} rows need --dims ${LARGE_DIM}.`,
      );
    return { results, first: await measureFirstCalls(field, options), skipped };
  } finally {
    for (const program of programs.values()) await program.close();
  }
}

/**
 * Contestants with an equal key share a process. In Node each has its own: in a shared one they
 * would share a garbage collector, and ours one wasm memory.
 */
function processKey({ name, runtime }) {
  return runtime === "node" ? name : runtime;
}

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

async function compare({ data, n, dim, path }, field, options) {
  const { pace, log, programs, ready } = field;
  const where = `${data}, n = ${n}, d = ${dim}`;
  const absent = ready.filter(({ maxRows }) => n > maxRows).map(({ name, why }) => ({ name, why }));
  const runs = [];
  log(where);
  for (const contestant of ready.filter(({ maxRows }) => n <= maxRows)) {
    runs.push(await warmUp(contestant, { path, dim }, programs.get(processKey(contestant)), pace));
  }
  const reference = runs.find(({ heights }) => heights);
  for (const run of runs.filter(({ heights }) => heights))
    run.difference = compareHeights(reference, run, where);

  const maxRounds = Math.max(...runs.map(({ rounds }) => rounds), 0);
  for (let round = 0; round < maxRounds; round += 1) {
    for (const run of runs.filter(({ rounds }) => isTurn(round, rounds, maxRounds))) {
      const request = { contestant: run.name, path, dim, calls: run.batch, heights: false };
      const { wall, cpu } = await programs.get(processKey(run)).request(request);
      run.wall.push(...wall);
      run.cpu.push(...cpu);
    }
  }
  const memoryWanted = dim === MEMORY_DIM || !options.dims.includes(MEMORY_DIM) || n > LARGE_ROWS;
  if (pace.memory && memoryWanted) {
    for (const run of runs.filter(({ error }) => !error))
      run.memory = await measureMemory(run, { path, dim });
  }
  return { data, n, dim, contestants: summarise(runs), absent };
}

/** Calls a contestant until compilers are done, and plans its rounds and calls per round. */
async function warmUp(contestant, { path, dim }, program, pace) {
  const { name, tolerance } = contestant;
  const run = { ...contestant, rounds: 0, wall: [], cpu: [] };
  const request = { contestant: name, path, dim, calls: 1, heights: false };
  let fastest;
  try {
    const reply = await program.request({ ...request, heights: tolerance !== undefined });
    fastest = reply.wall[0];
    run.heights = reply.heights ?? undefined;
    if (fastest >= SLOW_MS) Object.assign(run, { wall: reply.wall, cpu: reply.cpu });
  } catch (error) {
    return { ...run, error: error.message };
  }
  for (let spent = fastest; spent < pace.warmUp; ) {
    const { wall } = await program.request(request);
    fastest = Math.min(fastest, wall[0]);
    spent += wall[0];
  }
  run.batch = Math.max(1, Math.min(50, Math.floor(pace.batch / fastest)));
  run.rounds = plannedRounds(fastest, run.batch, pace);
  return run;
}

function plannedRounds(callMs, batch, { rounds: [min, max], slowRounds, budget }) {
  if (callMs >= VERY_SLOW_MS) return 0;
  if (callMs >= SLOW_MS) return slowRounds - 1;
  return Math.max(min, Math.min(max, Math.floor(budget / (callMs * batch))));
}

/** Spreads a contestant's `rounds` evenly over `maxRounds`. */
function isTurn(round, rounds, maxRounds) {
  return Math.floor(((round + 1) * rounds) / maxRounds) > Math.floor((round * rounds) / maxRounds);
}

async function measureMemory({ name, command }, { path, dim }) {
  const program = startProgram(command);
  try {
    const request = { contestant: name, path, dim, calls: 1, heights: false };
    return (await program.request(request)).memory ?? undefined;
  } finally {
    await program.close();
  }
}

/**
 * The first call of a fresh process, interleaved with warm calls of some contestants:
 * `{ n, dim, processes, load, call, warm }`. `load` is the import and `init()`, `call` the call
 * after it; CPU time includes the compiler's threads. Undefined if `ours` or the task is not
 * selected.
 */
async function measureFirstCalls({ pace, log, programs, ready }, options) {
  const { data, n, dim } = FIRST_CALL;
  const selected =
    options.data.includes(data) && options.sizes.includes(n) && options.dims.includes(dim);
  const ours = ready.find(({ name }) => name === "ours");
  if (!selected || !ours) return undefined;
  const { path } = await makeTask(data, n, dim);
  const warm = ready
    .filter(({ name }) => ["ours", "fastcluster", "sgemm"].includes(name))
    .map((contestant) => ({ ...contestant, wall: [], cpu: [] }));
  const load = { wall: [], cpu: [] };
  const call = { wall: [], cpu: [] };
  log(`first call, n = ${n}, d = ${dim}: ${pace.firstCallProcesses} fresh processes`);
  for (let round = 0; round < pace.firstCallProcesses; round += 1) {
    const request = { path, dim, heights: false };
    const program = startProgram(ours.command);
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
    processes: pace.firstCallProcesses,
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
    return {
      name,
      ...times,
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
function compareHeights(reference, run, where) {
  const [expected, found] = [reference.heights, run.heights];
  const tolerance = Math.max(reference.tolerance, run.tolerance);
  if (found.length !== expected.length)
    throw new Remedy(
      `${where}: ${run.name} made ${found.length} merges, ${reference.name} ${expected.length}.`,
    );
  const differences = found.map((height, i) => {
    const scale = Math.max(height, expected[i], MIN_COMPARED_HEIGHT);
    return Math.abs(height - expected[i]) / scale;
  });
  const worst = differences.reduce((most, one, i) => (one > differences[most] ? i : most), 0);
  if (differences[worst] > tolerance && !run.mayDiffer) {
    throw new Remedy(
      `${where}: merge ${worst} of ${run.name} has the squared height ${found[worst]}, ` +
        `that of ${reference.name} ${expected[worst]}.`,
    );
  }
  return differences[worst] ?? 0;
}

function medians({ cpu, wall }) {
  return { cpu: median(cpu), wall: median(wall) };
}

function ratio(times, reference) {
  return { cpu: times.cpu / reference.cpu, wall: times.wall / reference.wall };
}
