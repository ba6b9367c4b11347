// Runs the contestants of Node on request, with one line of JSON per request and reply. peers.py
// and native/main.rs serve the same protocol.
//   request  { contestant, path, dim, calls, heights, isolated }
//            path: n x dim little-endian f32; heights: whether the reply includes them; isolated:
//            whether each call follows isolateNextCall() of ../timing.mjs, or its equal there
//   reply    { wall, cpu, memory, heights, load }
//            wall, cpu: ms of each call; memory: bytes; heights: squared heights of the last call,
//            ascending; load: { wall, cpu } of loading the contestant, on its first request (Node)
//            { error }: the message; the program continues
// Memory is the linear memory of a wasm instance, which never shrinks; elsewhere the peak resident
// memory of the process less that before the calls. Both need a fresh process.
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { isolateNextCall, measureTime } from "../timing.mjs";
import { wasmMemory } from "../wasm-memory.mjs";

const NOW = Date.UTC(2026, 0, 1);
const HOUR = 3_600_000;
const CHECKED_PROFILES = 3; // profiles of a session that are compared with those of profile()
const kodamaModule = new URL("../../target/bench/kodama/kodama.js", import.meta.url);
const coreModule = new URL("../../pkg/wasm/core.js", import.meta.url);

/**
 * The contestants by name. Each function loads one and returns its
 *   prepare(vectors, dim)   converts a file's vectors to its input, once per file, untimed
 *   before(input)           runs before each call, untimed; optional
 *   run(input)              the timed call
 *   heights(result, input)  squared heights, ascending; optional
 *   memory()                bytes of its linear memory; optional
 */
const contestants = {
  ours: () => functionOfMatrix("ward", (tree) => tree),
  "ours-cluster": () => functionOfMatrix("cluster", ({ tree }) => tree),

  async "ours-profile"() {
    const { buildProfile, init } = await import("pocketsage");
    await init();
    return {
      prepare: (vectors, dim) => ({
        actions: rowsOf(vectors, dim).map((vector, row) => ({
          item: `item ${row}`,
          vector,
          at: NOW - row * HOUR,
        })),
        options: { dim, now: NOW },
      }),
      run: ({ actions, options }) => buildProfile(actions, options),
      memory: wasmMemory,
    };
  },

  // The timed call adds or removes one action and updates the profile. The inverse call precedes
  // it, untimed, so that the number of actions stays equal.
  "ours-add": () => sessionUpdate({ untimed: removeOldest, timed: addRemoved }),
  "ours-forget": () => sessionUpdate({ untimed: addRemoved, timed: removeOldest }),

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
      prepare: (vectors, dim) => rowsOf(vectors, dim).map((row) => [...row]),
      run: (input) => agnes(input, { method: "ward2" }),
      heights: (tree) =>
        innerNodes(tree)
          .map(({ height }) => height ** 2)
          .sort((a, b) => a - b),
    };
  },
};

/**
 * The contestant that calls a function of the package with a matrix. `treeOf` returns the tree of a
 * result.
 */
async function functionOfMatrix(name, treeOf) {
  const { init, [name]: run } = await import("pocketsage");
  await init();
  return {
    prepare: (vectors, dim) => ({ vectors, options: { dim } }),
    run: ({ vectors, options }) => run(vectors, options),
    heights: (result) => treeOf(result).filter((_, at) => at % 4 === 2),
    memory: wasmMemory,
  };
}

/**
 * The contestant that updates a session, in which the oldest action is removed and added again as
 * the newest. The first profiles are compared with those of `profile()` on the same actions.
 */
async function sessionUpdate({ untimed, timed }) {
  // The modules of the package, not their bundle: parts of it are imported, too.
  const { init } = await import(new URL("../../pkg/entry/node.js", import.meta.url));
  await init();
  const core = await import(coreModule);
  const optionsModule = new URL("../../pkg/core/options.js", import.meta.url);
  const { encodeProfileOptions } = await import(optionsModule);
  const options = encodeProfileOptions({}, undefined);
  const update = (input, change) => {
    change(input);
    input.profile = input.session.profile(NOW, options);
    return input;
  };
  return {
    prepare(vectors, dim) {
      const rows = rowsOf(vectors, dim);
      const session = new core.CoreSession(dim);
      const input = { session, rows, times: [], removed: [], added: 0, checked: 0, dim };
      for (const vector of rows) addToSession(input, vector);
      return update(input, timed === addRemoved ? () => {} : removeOldest);
    },
    before(input) {
      if (input.checked < CHECKED_PROFILES && input.profile) {
        assertSameProfile(core, input, options);
        input.checked += 1;
      }
      update(input, untimed);
    },
    run: (input) => update(input, timed),
    memory: wasmMemory,
  };
}

function addRemoved(input) {
  const vector = input.removed.pop();
  input.rows.push(vector);
  addToSession(input, vector);
}

function removeOldest({ session, rows, times, removed }) {
  removed.push(rows.shift());
  times.shift();
  session.forget(Uint32Array.of(0));
}

/** Adds one action of weight 1, an hour after the action before it. */
function addToSession(input, vector) {
  input.added += 1;
  const at = NOW + input.added * HOUR;
  input.times.push(at);
  input.session.add(vector, Float64Array.of(at), Float64Array.of(1));
}

function assertSameProfile(core, { rows, times, dim, profile }, options) {
  const vectors = Float32Array.from(rows.flatMap((vector) => [...vector]));
  const weights = new Float64Array(rows.length).fill(1);
  const expected = core.profile(vectors, dim, Float64Array.from(times), weights, NOW, options);
  if (JSON.stringify(expected) !== JSON.stringify(profile))
    throw new Error("the session's profile differs from that of profile()");
}

function rowsOf(vectors, dim) {
  return Array.from({ length: vectors.length / dim }, (_, row) =>
    vectors.slice(row * dim, (row + 1) * dim),
  );
}

/** The inner nodes of ml-hclust's tree, in no particular order. */
function innerNodes(tree) {
  const nodes = [];
  for (const pending = [tree]; pending.length > 0; ) {
    const node = pending.pop();
    if (node.isLeaf) continue;
    nodes.push(node);
    pending.push(...node.children);
  }
  return nodes;
}

const loadedContestants = new Map(); // by name
const inputByContestant = new Map(); // by name: the prepared vectors of the file `inputPath`
let inputPath;

async function serve({ contestant: name, path, dim, calls, heights, isolated }) {
  if (!(name in contestants)) throw new Error(`unknown contestant: ${name}`);
  let load;
  if (!loadedContestants.has(name))
    load = await measureTime(async () => loadedContestants.set(name, await contestants[name]()));
  const contestant = loadedContestants.get(name);
  if (inputPath !== path) inputByContestant.clear();
  inputPath = path;
  if (!inputByContestant.has(name)) {
    const { buffer, byteOffset, byteLength } = await readFile(path);
    const vectors = new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
    inputByContestant.set(name, contestant.prepare(vectors, dim));
  }
  const input = inputByContestant.get(name);

  const residentBefore = process.memoryUsage.rss();
  const times = { wall: [], cpu: [] };
  let result;
  for (let call = 0; call < calls; call += 1) {
    contestant.before?.(input);
    if (isolated) await isolateNextCall();
    const { wall, cpu } = measureTime(() => {
      result = contestant.run(input);
    });
    times.wall.push(wall);
    times.cpu.push(cpu);
  }
  const memory = contestant.memory
    ? await contestant.memory()
    : process.resourceUsage().maxRSS * 1024 - residentBefore;
  return {
    ...times,
    memory,
    load,
    heights: heights ? [...contestant.heights(result, input)] : undefined,
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for await (const line of createInterface({ input: process.stdin })) {
    const reply = await serve(JSON.parse(line)).catch((error) => ({ error: error.message }));
    process.stdout.write(`${JSON.stringify(reply)}\n`);
  }
}
