// One run of the Ward bench: groups of n x dim vectors, each clustered by everybody in turn, round after round; medians; equal answers.
import { Remedy } from "../../scripts/lib/say.mjs";
import { contestants } from "./contestants.mjs";
import { makeTask } from "../data/ward-tasks.mjs";
import { prepare, start } from "./programs.mjs";

/** ms and counts. `batch`: short calls are asked for several at once, so that none pays for the messages and the caches gone cold. */
const usual = {
  warmUp: 600,
  spent: 2000,
  rounds: [3, 41],
  slowRounds: 2,
  batch: 20,
  memory: true,
  first: 25,
};
const quick = {
  warmUp: 200,
  spent: 300,
  rounds: [3, 11],
  slowRounds: 1,
  batch: 20,
  memory: false,
  first: 5,
};
const slow = 4000; // ms; such a call needs no warming up: the first counts as well
const verySlow = 20_000; // ms; such a call is made once
const mostRows = { beyond: 10_000, dim: 64 }; // larger n are for one dim only
const firstCall = { data: "mixture", n: 300, dim: 256 };
const memoryDim = 256;
const low = 0.1; // squared heights below are compared as if they were this high: of unit vectors, f32 norms that cancel leave 1e-6

/**
 * Measures what the options of options.mjs ask for:
 * `{ results: [{ data, n, dim, contestants: [{ name, cpu, wall, calls, memory, ratio, difference } | { name, error }], absent }], first, skipped }`.
 * Times are medians in ms, `memory` is bytes of a fresh process, `ratio` that of its times to the first contestant's, `difference` the
 * largest relative one to the first contestant's squared heights. Rejects when two trees differ. `say` is told what is going on.
 */
export async function measureWard(options, say = () => {}) {
  const pace = options.quick ? quick : usual;
  const { ready, skipped } = await makeReady(options.only, say);
  const commands = new Map(ready.map(({ runtime, command }) => [runtime, command]));
  const programs = new Map();
  for (const one of ready)
    if (!programs.has(home(one))) programs.set(home(one), start(one.command));
  const field = { pace, say, commands, programs, ready };
  try {
    const results = [];
    for (const data of options.data) {
      for (const n of options.sizes) {
        for (const dim of options.dims.filter(
          (one) => n <= mostRows.beyond || one === mostRows.dim,
        )) {
          const task = await makeTask(data, n, dim);
          if (task) results.push(await compare(task, field, options));
        }
      }
    }
    if (results.length === 0)
      throw new Remedy(
        "There are no such vectors: the emoji's are 1,914 of 384 dimensions, more than 10,000 rows are of 64.",
      );
    return { results, first: await firstCalls(field, options), skipped };
  } finally {
    for (const program of programs.values()) await program.close();
  }
}

/** Whose process runs a contestant: in Node each has its own, or they would share one garbage collector, and ours one wasm memory. */
function home({ name, runtime }) {
  return runtime === "node" ? name : runtime;
}

async function makeReady(names, say) {
  const [ready, skipped] = [[], []];
  for (const contestant of contestants.filter(({ name }) => names.includes(name))) {
    try {
      say(`making ${contestant.name} ready`);
      ready.push({ ...contestant, command: await prepare(contestant) });
    } catch (error) {
      skipped.push({ name: contestant.name, why: error.message.trim().split("\n").at(-1) });
    }
  }
  if (ready.length === 0)
    throw new Remedy(
      `Nobody is left to measure: ${skipped.map(({ name, why }) => `${name}: ${why}`).join("; ")}`,
    );
  return { ready, skipped };
}

/** One group. */
async function compare({ data, n, dim, path }, field, options) {
  const { pace, say, commands, programs, ready } = field;
  const absent = ready.filter(({ most }) => n > most).map(({ name, why }) => ({ name, why }));
  const runs = [];
  say(`${data}, n = ${n}, d = ${dim}`);
  for (const contestant of ready.filter(({ most }) => n <= most)) {
    runs.push(await warmUp(contestant, { path, dim }, programs.get(home(contestant)), pace));
  }
  const first = runs.find(({ heights }) => heights);
  for (const run of runs.filter(({ heights }) => heights))
    run.difference = assertSame(first, run, `${data}, n = ${n}, d = ${dim}`);

  const most = Math.max(...runs.map(({ rounds }) => rounds), 0);
  for (let round = 0; round < most; round += 1) {
    for (const run of runs.filter(({ rounds }) => turn(round, rounds, most))) {
      const { wall, cpu } = await programs
        .get(home(run))
        .request({ contestant: run.name, path, dim, calls: run.batch, heights: false });
      run.wall.push(...wall);
      run.cpu.push(...cpu);
    }
  }
  if (
    pace.memory &&
    (dim === memoryDim || !options.dims.includes(memoryDim) || n > mostRows.beyond)
  ) {
    for (const run of runs.filter(({ error }) => !error))
      run.memory = await freshMemory(run, { path, dim }, commands.get(run.runtime));
  }
  return { data, n, dim, contestants: summary(runs), absent };
}

/** Calls until the compilers are done, and how often it will be called from now on. */
async function warmUp({ name, runtime, tolerance, excused }, { path, dim }, program, pace) {
  const run = { name, runtime, tolerance, excused, rounds: 0, wall: [], cpu: [] };
  const ask = (calls, heights = false) =>
    program.request({ contestant: name, path, dim, calls, heights });
  let once;
  try {
    const answer = await ask(1, tolerance !== undefined);
    once = answer.wall[0];
    run.heights = answer.heights ?? undefined;
    if (once >= slow) Object.assign(run, { wall: answer.wall, cpu: answer.cpu });
  } catch (error) {
    return { ...run, error: error.message };
  }
  for (let spent = once; spent < pace.warmUp; spent += once) {
    const { wall } = await ask(1);
    once = Math.min(once, wall[0]);
    spent += wall[0] - once;
  }
  run.batch = Math.max(1, Math.min(50, Math.floor(pace.batch / once)));
  const [least, most] = pace.rounds;
  const affordable = Math.floor(pace.spent / (once * run.batch));
  run.rounds =
    once >= verySlow
      ? 0
      : once >= slow
        ? pace.slowRounds - 1
        : Math.max(least, Math.min(most, affordable));
  return run;
}

/** Is it the contestant's turn? Its rounds lie evenly among all of them. */
function turn(round, rounds, most) {
  return Math.floor(((round + 1) * rounds) / most) > Math.floor((round * rounds) / most);
}

async function freshMemory({ name }, { path, dim }, command) {
  const program = start(command);
  try {
    return (
      (await program.request({ contestant: name, path, dim, calls: 1, heights: false })).memory ??
      undefined
    );
  } finally {
    await program.close();
  }
}

/**
 * The first call of a fresh process, beside warm calls in the same rounds: `{ n, dim, processes, load, call, warm: [...] }`. `load` is the
 * import and `init()`, `call` the call after it; the CPU time has the compiler's threads in it. Undefined without `ours` or that group.
 */
async function firstCalls({ pace, say, commands, programs, ready }, options) {
  const { data, n, dim } = firstCall;
  const asked =
    options.data.includes(data) && options.sizes.includes(n) && options.dims.includes(dim);
  if (!asked || !ready.some(({ name }) => name === "ours")) return undefined;
  const { path } = await makeTask(data, n, dim);
  const warm = ready
    .filter(({ name }) => ["ours", "fastcluster", "sgemm"].includes(name))
    .map((one) => ({ ...one, wall: [], cpu: [] }));
  const [load, call] = [
    { wall: [], cpu: [] },
    { wall: [], cpu: [] },
  ];
  say(`first call, n = ${n}, d = ${dim}: ${pace.first} fresh processes`);
  for (let round = 0; round < pace.first; round += 1) {
    const program = start(commands.get("node"));
    const answer = await program.request({
      contestant: "ours",
      path,
      dim,
      calls: 1,
      heights: false,
    });
    await program.close();
    for (const clock of ["wall", "cpu"]) {
      load[clock].push(answer.load[clock]);
      call[clock].push(answer[clock][0]);
    }
    for (const one of warm) {
      const { wall, cpu } = await programs
        .get(home(one))
        .request({ contestant: one.name, path, dim, calls: 5, heights: false });
      one.wall.push(...wall);
      one.cpu.push(...cpu);
    }
  }
  const times = medians(call);
  const beside = warm.map((one) => ({
    name: one.name,
    ...medians(one),
    ratio: ratio(medians(one), times),
  }));
  return { n, dim, processes: pace.first, load: medians(load), call: times, warm: beside };
}

function summary(runs) {
  const ours = runs.find(({ error }) => !error);
  return runs.map((run) => {
    const { name, error, memory, difference } = run;
    if (error) return { name, error };
    const sameTree = difference === undefined ? undefined : difference <= run.tolerance;
    const times = medians(run);
    return {
      name,
      ...times,
      calls: run.wall.length,
      memory,
      ratio: ratio(times, medians(ours)),
      difference,
      sameTree,
    };
  });
}

/** The largest relative difference of the squared heights; a Remedy when it is more than the contestant's tolerance and none is excused. */
function assertSame(first, run, where) {
  const [expected, found] = [first.heights, run.heights];
  const tolerance = Math.max(first.tolerance, run.tolerance);
  if (found.length !== expected.length)
    throw new Remedy(
      `${where}: ${run.name} made ${found.length} merges, ${first.name} ${expected.length}.`,
    );
  const apart = found.map(
    (height, i) => Math.abs(height - expected[i]) / Math.max(height, expected[i], low),
  );
  const worst = apart.reduce((most, one, i) => (one > apart[most] ? i : most), 0);
  if (apart[worst] > tolerance && !run.excused) {
    throw new Remedy(
      `${where}: merge ${worst} of ${run.name} has the squared height ${found[worst]}, ${first.name}'s ${expected[worst]}.`,
    );
  }
  return apart[worst] ?? 0;
}

function medians({ cpu, wall }) {
  return { cpu: median(cpu), wall: median(wall) };
}

function ratio(times, ours) {
  return { cpu: times.cpu / ours.cpu, wall: times.wall / ours.wall };
}

export function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
}
