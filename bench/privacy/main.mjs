// `npm run bench:privacy`: what private retrieval costs in quality, bytes and CPU.
//
// Real text: 20,100 package descriptions of the operating system, embedded by bench/data/text.py
// (all-MiniLM-L6-v2, once, into .tools/bench-text), reduced to 128 principal axes as
// `pocketsage build --dims 128` does. 300 medoids: the 100 held-out texts and 200 items. CPU: the
// bundle of edge/ in workerd with random cells, since XOR does not depend on their contents.
import { readdir, readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { build } from "../../scripts/build.mjs";
import { printTable, printTitle, Remedy, runScript } from "../../scripts/lib/output.mjs";
import { setup } from "../../scripts/setup.mjs";
import { loadTextDataSet } from "../data/catalogue-sets.mjs";
import { median } from "../timing.mjs";

const DIM = 128;
const TOP = 20;
const MEDOID_ITEMS = 200;
const CELL_COUNTS = [64, 256, 512];
const PROBES = [1, 2, 4, 6];
const EPSILONS = [4, 6];
/** Random draws of sets and shards for each medoid. */
const DRAWS_PER_MEDOID = 3;
/** The target: at least this share of the ideal cosine, with at most these bytes per interest. */
const TARGET = { share: 0.93, bytes: 70 << 10 };
const VECTORS_PER_CPU_REQUEST = 10;
/** Requests of a sample: the clock of /proc has ticks of 10 ms. */
const CPU_REQUESTS = 10;
const CPU_SAMPLES = 9;

await runScript(async () => {
  const { values } = parseArgs({ options: { part: { type: "string", default: "all" } } });
  if (!["all", "quality", "cpu"].includes(values.part))
    throw new Remedy("--part: expected all, quality or cpu.");
  await setup();
  await build();
  if (values.part !== "cpu") await measureQuality();
  if (values.part !== "quality") await measureCpu();
});

async function measureQuality() {
  const { missing, vectors, queries } = await loadTextDataSet();
  if (missing) throw new Remedy(missing);
  const { computeAxes, reduceVector } = await import("../../pkg/cli/build/reduce.js");
  const { buildCells } = await import("../../pkg/cli/build/cells.js");
  const format = await import("../../pkg/privacy/cells/format.js");
  const { drawDistinct, secureDraw } = await import("../../pkg/privacy/random.js");
  const { drawSubset, subsetMechanism } = await import("../../pkg/privacy/subset.js");
  const { init } = await import("pocketsage");
  await init();
  const rowsOfItems = vectors.map((vector, row) => [`package-${row}`, vector]);
  const axes = computeAxes(rowsOfItems, DIM, "cosine", () => {});
  const reduce = (vector) => toUnit(reduceVector(axes, vector));
  const reduced = vectors.map(reduce);
  const items = reduced.map((vector, row) => [`package-${row}`, vector]);
  const step = Math.floor(items.length / MEDOID_ITEMS);
  const medoids = [
    ...queries.map((vector) => ({ row: -1, vector: reduce(vector) })),
    ...Array.from({ length: MEDOID_ITEMS }, (_, index) => {
      return { row: index * step, vector: reduced[index * step] };
    }),
  ];
  for (const medoid of medoids) {
    medoid.scores = Float32Array.from(reduced, (vector) => dot(vector, medoid.vector));
    if (medoid.row >= 0) medoid.scores[medoid.row] = -2;
    const rows = Array.from(medoid.scores.keys());
    medoid.ideal = rows.sort((a, b) => medoid.scores[b] - medoid.scores[a]).slice(0, TOP);
  }

  printTitle(`Quality: ${items.length} package descriptions, ${DIM} dimensions`);
  const rows = [["K", "p", "share", "bytes", ...["split", "eps 4", "eps 6", "shard"]]];
  let best;
  for (const cells of CELL_COUNTS) {
    const options = { cells, payloadFields: [], onProgress: () => {} };
    const { files, report } = await buildCells(items, DIM, options);
    const bytesOf = (suffix) => [...files].find(({ name }) => name.endsWith(suffix)).bytes;
    const codebook = format.decodeCodebook(bytesOf("/codebook.bin"));
    const members = Array.from({ length: cells }, (_, cell) =>
      format.decodeCell(bytesOf(`/${cell}.cell`), DIM).map(({ item, codes }) => {
        return { row: Number(item.slice(8)), codes: toUnit(codes) };
      }),
    );
    for (const medoid of medoids)
      medoid.nearest = format.nearestCells(codebook, medoid.vector, cells);
    for (const probes of PROBES) {
      const width = 2 * probes; // equal bytes: `split` has the answers of two servers
      const split = measure(medoids, members, ({ nearest }) => [nearest.slice(0, probes)]);
      const released = EPSILONS.map((epsilon) => {
        const mechanism = subsetMechanism({ cells, size: width, epsilon });
        return measure(medoids, members, ({ nearest }) =>
          Array.from({ length: DRAWS_PER_MEDOID }, () =>
            drawSubset(mechanism, nearest[0], secureDraw),
          ),
        );
      });
      const shard = measure(medoids, members, () =>
        Array.from({ length: DRAWS_PER_MEDOID }, () => drawDistinct(cells, width, secureDraw)),
      );
      const bytes = width * report.cellBytes;
      if (bytes <= TARGET.bytes && !(best?.share > split.share))
        best = { cells, probes, bytes, ...split };
      const share = (probes / cells).toFixed(4);
      rows.push([cells, probes, share, bytes, ...[split, ...released, shard].map(formatShare)]);
    }
  }
  printTable(rows);
  console.log(
    `\n  Share of the ideal mean cosine / recall@${TOP}, at equal bytes on the wire an interest.` +
      `\n  Best of split within ${TARGET.bytes} bytes: ${best.share.toFixed(3)} with K ` +
      `${best.cells}, p ${best.probes} (${best.bytes} bytes); wanted ${TARGET.share}.`,
  );
  if (best.share < TARGET.share) throw new Remedy("split is below the wanted share.");
}

/** Mean share of the ideal cosine, and recall, of the best items among those of the cells. */
function measure(medoids, members, drawCells) {
  let [shares, recalls, runs] = [0, 0, 0];
  for (const medoid of medoids) {
    const { scores, ideal, vector, row } = medoid;
    const idealMean = ideal.reduce((sum, item) => sum + scores[item], 0) / TOP;
    for (const cells of drawCells(medoid)) {
      const foundItems = cells
        .flatMap((cell) => members[cell])
        .filter((member) => member.row !== row)
        .map((member) => ({ row: member.row, score: dot(member.codes, vector) }))
        .sort((a, b) => b.score - a.score)
        .slice(0, TOP);
      const sum = foundItems.reduce((total, hit) => total + scores[hit.row], 0);
      shares += sum / TOP / idealMean;
      recalls += foundItems.filter((hit) => ideal.includes(hit.row)).length / TOP;
      runs += 1;
    }
  }
  return { share: shares / runs, recall: recalls / runs };
}

function formatShare({ share, recall }) {
  return `${share.toFixed(3)} / ${recall.toFixed(2)}`;
}

function dot(a, b) {
  let sum = 0;
  for (let axis = 0; axis < a.length; axis += 1) sum += a[axis] * b[axis];
  return sum;
}

function toUnit(vector) {
  const norm = Math.sqrt(dot(vector, vector));
  return Float32Array.from(vector, (component) => component / norm);
}

/** CPU time of workerd for a bit vector. */
async function measureCpu() {
  const { startWorker, mint } = await import("../../tests/edge/worker.mjs");
  const xor = await import("../../pkg/privacy/cells/xor.js");
  printTitle("CPU of POST /v1/cells/xor in workerd");
  const sizeNames = ["items", "K", "cell bytes", "shards", "request", "answer"];
  const rows = [[...sizeNames, "CPU ms a vector"]];
  for (const [items, cells] of [
    [100_000, 1024],
    [1_000_000, 4096],
  ]) {
    const cellBytes = Math.ceil((Math.ceil(items / cells) * 132) / 16) * 16;
    const shardCells = Math.min(cells, Math.floor((24 << 20) / cellBytes / 8) * 8);
    const codebook = "0123456789abcdef".repeat(4);
    const manifest = { codebook, items, dim: DIM, cells, cellBytes, shardCells };
    const files = randomFiles(manifest);
    // workerd does not enforce the limit of 128 MB, so all shards are in one instance here.
    const worker = await startWorker({ cells: files, bindings: { CELLS_MEMORY_MB: "400" } });
    const token = await mint({ sub: undefined });
    const send = async () => {
      const vectors = Array.from({ length: VECTORS_PER_CPU_REQUEST }, () => {
        const random = crypto.getRandomValues(new Uint8Array(xor.vectorBytes(cells)));
        return xor.splitCell(0, cells, random)[0];
      });
      const body = xor.encodeXorRequest(manifest, vectors);
      const reply = await fetch(new URL("/v1/cells/xor", worker.url), {
        method: "POST",
        body,
        headers: {
          authorization: `Bearer ${token}`,
          "content-type": "application/octet-stream",
        },
      });
      if (!reply.ok) throw new Error(await reply.text());
      return [body.length, (await reply.arrayBuffer()).byteLength];
    };
    const pid = await childNamed("workerd");
    const sizes = await send();
    await send();
    const times = [];
    for (let sample = 0; sample < CPU_SAMPLES; sample += 1) {
      const cpuMsBefore = await cpuMs(pid);
      for (let request = 0; request < CPU_REQUESTS; request += 1) await send();
      times.push(((await cpuMs(pid)) - cpuMsBefore) / (CPU_REQUESTS * VECTORS_PER_CPU_REQUEST));
    }
    await worker.stop();
    const shards = Math.ceil(cells / shardCells);
    rows.push([items, cells, cellBytes, shards, ...sizes, median(times).toFixed(2)]);
  }
  printTable(rows);
  console.log(
    `\n  Median of ${CPU_SAMPLES} samples of ${CPU_REQUESTS} requests with ` +
      `${VECTORS_PER_CPU_REQUEST} ` +
      "vectors; the whole request is included.",
  );
}

/** Files of cells with random contents; the first bytes repeat. */
function randomFiles(manifest) {
  const { codebook, cells, cellBytes, shardCells } = manifest;
  const random = crypto.getRandomValues(new Uint8Array(65_536));
  const files = new Map();
  const text = JSON.stringify({ format: "pocketsage-cells", version: 1, ...manifest });
  files.set("manifest.json", Buffer.from(text));
  for (let shard = 0; shard * shardCells < cells; shard += 1) {
    const bytes = new Uint8Array(Math.min(shardCells, cells - shard * shardCells) * cellBytes);
    for (let start = 0; start < bytes.length; start += random.length)
      bytes.set(random.subarray(0, Math.min(random.length, bytes.length - start)), start);
    files.set(`${codebook.slice(0, 16)}/shard-${shard}.bin`, bytes);
  }
  return files;
}

/** The id of this process's newest child of that name. */
async function childNamed(name) {
  const ids = (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry)).map(Number);
  const children = [];
  for (const id of ids) {
    const stat = await readFile(`/proc/${id}/stat`, "utf8").catch(() => "");
    const [, command, parent] = /\((.*)\) \S (\d+)/.exec(stat) ?? [];
    if (command === name && Number(parent) === process.pid) children.push(id);
  }
  if (children.length === 0) throw new Remedy("CPU times are read from /proc, as on Linux.");
  return Math.max(...children);
}

/** User and system time of a process in milliseconds; Linux counts ticks of 10 ms. */
async function cpuMs(pid) {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
