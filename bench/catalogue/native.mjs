// Runs the native vector indexes that PocketSage is compared with, all in one Python process
// (peers.py).
import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pythonEnvironment } from "../../scripts/lib/python.mjs";
import { root } from "../../scripts/lib/versions.mjs";
import { bytesOfVectors, EFFORTS, HITS_PER_QUERY, MIN_RECALL, recallOf } from "./measure.mjs";

const catalogueFolder = import.meta.dirname;
const targetFolder = join(root, "target");
const peerNames = ["faiss SQ8 flat", "hnswlib", "usearch i8"];

/**
 * Starts the Python process. Resolves to `{ names, skipped, open(name, task), drop(), close() }`.
 * Without Python or its packages there are no names, and `skipped` has the reason for each compared
 * library.
 */
export async function startNativePeers() {
  let python;
  try {
    const requirements = join(catalogueFolder, "requirements.txt");
    const options = { minutes: 10 };
    ({ python } = await pythonEnvironment("bench-catalogue-venv", requirements, options));
  } catch (error) {
    const why = error.message.trim().split("\n").at(-1);
    const skipped = peerNames.map((name) => ({ name, why }));
    return { names: [], skipped, drop: async () => {}, close: () => {} };
  }
  const child = spawn(python, [join(catalogueFolder, "peers.py")], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, OMP_NUM_THREADS: "1" },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const request = async (message) => {
    child.stdin.write(`${JSON.stringify(message)}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error(`peers.py ended at ${JSON.stringify(message)}`);
    return JSON.parse(value);
  };
  return {
    names: peerNames,
    skipped: [],
    open: (name, task) => openPeer(request, name, task),
    drop: () => request({ command: "drop", name: "" }),
    close: () => child.stdin.end(),
  };
}

/**
 * Builds the index of one compared library and tunes its search effort. Resolves to
 * `{ name, build, effort, recall, measure, measureIsolated }`: `build` is CPU ms; `measure()`
 * resolves to the CPU ms per query, `measureIsolated(query)` to those of one isolated query, given
 * by its index.
 */
async function openPeer(request, name, task) {
  const [path, queries] = ["items", "queries"].map((part) =>
    join(targetFolder, `bench-${part}.f32`),
  );
  await mkdir(targetFolder, { recursive: true });
  await writeFile(path, task.values);
  await writeFile(queries, bytesOfVectors(task.queries));
  const buildReply = await request({ command: "build", name, path, queries, dim: task.dim });
  const search = () => request({ command: "search", name, k: HITS_PER_QUERY });
  const run = { name: `${name} (native)`, build: buildReply.milliseconds };
  for (const effort of EFFORTS) {
    const { tunable } = await request({ command: "tune", name, effort });
    if (tunable) run.effort = effort;
    run.recall = recallOf((await search()).rows, task.truth);
    if (!tunable || run.recall >= MIN_RECALL) break;
  }
  run.measure = async () => (await search()).milliseconds / task.queries.length;
  run.measureIsolated = async (query) =>
    (await request({ command: "isolated", name, k: HITS_PER_QUERY, query })).milliseconds;
  return run;
}
