// The contestants that Node runs, timed on request: one JSON request a line, one JSON answer a line. peers.py and native/main.rs do the same.
//   request  { contestant, path, dim, calls, heights }    path: n x dim little-endian f32; heights: are they asked for?
//   answer   { wall, cpu, memory, heights }               ms of each call; bytes; squared heights of the last call, ascending, or nothing
//            { error }                                    what went wrong, as text; the program lives on
// Memory is the whole linear memory of a wasm, which never shrinks, and otherwise the most resident memory since the process began, less
// what was resident before the calls: ask a fresh process. Node's first answer also tells what it took to load the contestant.
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const now = Date.UTC(2026, 0, 1);
const hour = 3_600_000;
const kodamaModule = new URL("../../target/bench/kodama/kodama.js", import.meta.url);

/**
 * Each loads what it needs and gives
 *   prepare(vectors, dim)   the input in the shape it takes, once for each file, not timed
 *   before(input)           before each call, not timed; optional
 *   run(input)              the call that is timed
 *   heights(result, input)  squared and ascending; optional
 *   memory()                bytes of its linear memory; optional
 */
const contestants = {
  ours: () => matrix("ward", (tree) => tree),
  "ours-cluster": () => matrix("cluster", ({ tree }) => tree),

  async "ours-profile"() {
    const { buildProfile, init } = await import("pocketsage");
    await init();
    return {
      prepare: (vectors, dim) => ({
        actions: rows(vectors, dim).map((vector, row) => ({
          item: `item ${row}`,
          vector,
          at: now - row * hour,
        })),
        options: { dim, now },
      }),
      run: ({ actions, options }) => buildProfile(actions, options),
      memory: ourMemory,
    };
  },

  // One action comes, or goes, and the profile follows it; the other of the two is done before, and not timed.
  "ours-add": () => following(forget, add),
  "ours-forget": () => following(add, forget),

  async "kodama-wasm"() {
    const { default: load, heights } = await import(kodamaModule);
    const wasm = await load({
      module_or_path: await readFile(new URL("kodama_bg.wasm", kodamaModule)),
    });
    return {
      prepare: (vectors, dim) => ({ vectors, dim }),
      run: ({ vectors, dim }) => heights(vectors, dim),
      heights: (found) => Float64Array.from(found, (height) => height ** 2),
      memory: () => wasm.memory.buffer.byteLength,
    };
  },

  async "ml-hclust"() {
    const { agnes } = await import("ml-hclust");
    return {
      prepare: (vectors, dim) => rows(vectors, dim).map((row) => [...row]),
      run: (input) => agnes(input, { method: "ward2" }),
      heights: (tree) =>
        joined(tree)
          .map(({ height }) => height ** 2)
          .sort((a, b) => a - b),
    };
  },
};

/** One of our pieces that takes a matrix. */
async function matrix(piece, tree) {
  const { init, [piece]: run } = await import("pocketsage");
  await init();
  return {
    prepare: (vectors, dim) => ({ vectors, options: { dim } }),
    run: ({ vectors, options }) => run(vectors, options),
    heights: (found) => tree(found).filter((_, at) => at % 4 === 2),
    memory: ourMemory,
  };
}

/** A session whose actions go in turn, the oldest first, and come again. The first profiles are compared with those of a new start. */
async function following(before, run) {
  const { init } = await import("pocketsage");
  await init();
  const core = await import(new URL("../../pkg/wasm/core.js", import.meta.url));
  const { encodeProfileOptions } = await import(new URL("../../pkg/core/options.js", import.meta.url));
  const options = encodeProfileOptions({}, undefined);
  const follow = (input, step) => {
    step(input);
    input.profile = input.session.profile(now, options);
    return input;
  };
  return {
    prepare(vectors, dim) {
      const input = {
        session: new core.CoreSession(dim),
        rows: rows(vectors, dim),
        gone: [],
        at: 0,
        compared: 0,
        dim,
      };
      input.rows.forEach((vector) => input.session.add(vector, ...once(input)));
      input.times = input.rows.map((_, row) => now + (row + 1) * hour);
      return follow(input, add === run ? () => {} : forget);
    },
    before(input) {
      if (input.compared < 3 && input.profile) assertAnew(core, input, options);
      follow(input, before);
    },
    run: (input) => follow(input, run),
    memory: ourMemory,
  };
}

function add(input) {
  const vector = input.gone.pop();
  input.rows.push(vector);
  input.times.push(now + (input.at + 1) * hour);
  input.session.add(vector, ...once(input));
}

function forget({ session, rows: all, times, gone }) {
  gone.push(all.shift());
  times.shift();
  session.forget(Uint32Array.of(0));
}

/** The time and the weight of one action. */
function once(input) {
  input.at += 1;
  return [Float64Array.of(now + input.at * hour), Float64Array.of(1)];
}

function assertAnew(core, input, options) {
  const { rows: all, times, dim } = input;
  const vectors = Float32Array.from(all.flatMap((vector) => [...vector]));
  const anew = core.profile(
    vectors,
    dim,
    Float64Array.from(times),
    new Float64Array(all.length).fill(1),
    now,
    options,
  );
  if (JSON.stringify(anew) !== JSON.stringify(input.profile))
    throw new Error("the profile that followed is not that of a new start");
  input.compared += 1;
}

async function ourMemory() {
  const { default: loaded } = await import(new URL("../../pkg/wasm/core.js", import.meta.url));
  return (await loaded()).memory.buffer.byteLength;
}

function rows(vectors, dim) {
  return Array.from({ length: vectors.length / dim }, (_, row) =>
    vectors.slice(row * dim, (row + 1) * dim),
  );
}

/** Every node of ml-hclust's tree that joins others. */
function joined(tree) {
  const all = [];
  for (const pending = [tree]; pending.length > 0; ) {
    const node = pending.pop();
    if (node.isLeaf) continue;
    all.push(node);
    pending.push(...node.children);
  }
  return all;
}

const loaded = new Map();
const inputs = new Map();
let latest;

async function run({ contestant, path, dim, calls, heights }) {
  if (!(contestant in contestants)) throw new Error(`unknown contestant: ${contestant}`);
  let load;
  if (!loaded.has(contestant))
    load = await clock(async () => loaded.set(contestant, await contestants[contestant]()));
  const one = loaded.get(contestant);
  if (latest !== path) inputs.clear();
  latest = path;
  if (!inputs.has(contestant)) {
    const { buffer, byteOffset, byteLength } = await readFile(path);
    inputs.set(
      contestant,
      one.prepare(new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength)), dim),
    );
  }
  const input = inputs.get(contestant);

  const before = process.memoryUsage.rss();
  const times = { wall: [], cpu: [] };
  let result;
  for (let call = 0; call < calls; call += 1) {
    one.before?.(input);
    const { wall, cpu } = clock(() => (result = one.run(input)));
    times.wall.push(wall);
    times.cpu.push(cpu);
  }
  const memory = one.memory ? await one.memory() : process.resourceUsage().maxRSS * 1024 - before;
  return { ...times, memory, load, heights: heights ? [...one.heights(result, input)] : undefined };
}

/** `{ wall, cpu }` of the work, in ms; a promise of them where the work is one. */
function clock(work) {
  const onCpu = process.cpuUsage();
  const begun = performance.now();
  const end = () => {
    const wall = performance.now() - begun;
    const { user, system } = process.cpuUsage(onCpu);
    return { wall, cpu: (user + system) / 1000 };
  };
  const result = work();
  return result instanceof Promise ? result.then(end) : end();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for await (const line of createInterface({ input: process.stdin })) {
    const answer = await run(JSON.parse(line)).catch((error) => ({ error: error.message }));
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
}
