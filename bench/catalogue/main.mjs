// `npm run bench:catalogue`: our catalogue beside every vector index on npm that runs, and native yardsticks, in one interleaved run.
//   npm run bench:catalogue -- --json     machine-readable, of what is already built
//   npm run bench:catalogue -- 5k text    only these sets (5k, 20k, 100k, text)
//   npm run bench:catalogue -- --figures  the table into docs/figures.md
//   npm run bench:catalogue -- 5k a.json  with the sets that --json wrote to a file before: each set is an interleaved run of its own
// CPU time a query, median over rounds; recall@10 against exact f32 scores. Peers that can be tuned get the least effort that reaches .99.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { build } from "../../scripts/build.mjs";
import { markdownTable, writeFigures } from "../figures.mjs";
import { inChromium } from "./page.mjs";
import { ask, must } from "../../scripts/lib/run.mjs";
import { script, title } from "../../scripts/lib/say.mjs";
import { root } from "../../scripts/lib/versions.mjs";
import { setup } from "../../scripts/setup.mjs";

const folder = join(root, "bench", "catalogue");
const k = 10;
const wanted = 0.99;
const efforts = [10, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024];
const rounds = 9;
const slow = 200; // ms CPU for all queries; a slower peer answers fewer of them, in fewer rounds

await script(async () => {
  const words = process.argv.slice(2);
  const [json, figures] = [words.includes("--json"), words.includes("--figures")];
  const sets = words.filter((word) => !word.startsWith("--") && !word.endsWith(".json"));
  const before = await Promise.all(
    words
      .filter((word) => word.endsWith(".json"))
      .map(async (file) => JSON.parse(await readFile(file, "utf8"))),
  );
  if (!json) {
    await setup();
    await build();
  }
  if (!existsSync(join(folder, "node_modules")))
    await must("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"], {
      cwd: folder,
      minutes: 10,
    });
  const peers = await import(join(folder, "peers.mjs"));
  const data = await import(join(root, "bench", "data", "catalogue-sets.mjs"));
  const python = await openPython();
  const flat = {
    "plain JavaScript": peers.plain,
    "rvf-wasm flat": peers.rvf,
    "sqlite-vec-wasm flat": peers.sqliteVec,
    "orama flat": peers.orama,
    voy: peers.voy,
  };
  const all = {
    PocketSage: peers.pocketsage,
    "hnswlib-wasm": peers.hnswlib,
    edgevec: peers.edgevec,
    ...flat,
  };
  const large = {
    PocketSage: (task) => peers.pocketsage(task, { lists: true }),
    "PocketSage, without lists": peers.pocketsage,
    "hnswlib-wasm": peers.hnswlib,
  };
  const tasks = {
    "5k": [() => data.topics(5000), all],
    "20k": [() => data.topics(20_000), all],
    "100k": [() => data.topics(100_000), large],
    text: [() => text(data), all],
  };
  const results = [];
  const shown = [];
  for (const [name, [make, contestants]] of Object.entries(tasks)) {
    if (sets.length > 0 && !sets.includes(name)) continue;
    const task = await make();
    if (typeof task === "string")
      results.push({ set: name, skipped: [{ name: "the set", why: task }], runs: [] });
    else {
      results.push(await compare(task, contestants, python));
      if (name !== "100k") shown.push(task);
    }
    if (!json) print(results.at(-1));
  }
  python.close();
  const efOf = ({ name }, peer) =>
    results.find(({ set }) => set === name).runs.find((run) => run.name === peer)?.ef ?? 64;
  const browser = await inChromium(shown, k, efOf);
  results.push(...before.flatMap((one) => one.results));
  if (browser.results) browser.results.push(...before.flatMap((one) => one.browser.results ?? []));
  const report = { node: process.versions.node, cpu: cpus()[0].model, k, results, browser };
  if (json) console.log(JSON.stringify(report, undefined, 2));
  else console.log(`\n${chromium(browser)}`);
  if (figures) await writeCatalogueFigures(report);
});

async function compare(task, contestants, python) {
  const truth = task.queries.map((query) => exact(task, query));
  task.truth = truth;
  const runs = [];
  const skipped = [];
  for (const [name, open] of Object.entries(contestants)) {
    try {
      const begun = process.cpuUsage();
      const peer = await open(task);
      const run = { name, peer, times: [], queries: task.queries, firstBuild: cpu(begun) };
      run.build = await building(run.firstBuild, open, task);
      run.first = firstQuery(run);
      await tune(run, truth);
      run.recall = recall(run, truth);
      const all = measure(run);
      run.rounds = rounds;
      if (all * task.queries.length > slow)
        [run.queries, run.rounds] = [task.queries.slice(0, 10), 3];
      runs.push(run);
    } catch (error) {
      skipped.push({ name, why: String(error?.message ?? error).split("\n")[0] });
    }
  }
  for (const name of python.names) {
    const run = await python
      .open(name, task, truth)
      .catch((error) => void skipped.push({ name, why: error.message }));
    if (run) runs.push(run);
  }
  skipped.push(...python.skipped);
  for (let round = 0; round < rounds; round += 1) {
    for (const run of runs.filter((one) => round < one.rounds))
      run.times.push(run.measure ? await run.measure() : measure(run));
  }
  const ours = median(runs[0].times);
  const rows = [];
  for (const run of runs) {
    const { name, recall, build, firstBuild, peer, first, ef } = run;
    const row = {
      name,
      recall,
      milliseconds: median(run.times),
      ratio: median(run.times) / ours,
      build,
      firstBuild,
      first,
      ef,
      note: peer?.note,
    };
    if (peer?.load) row.load = await loading(peer);
    if (peer?.five) Object.assign(row, five(run));
    if (peer?.memory) row.memory = peer.memory();
    if (peer?.bytes)
      Object.assign(
        row,
        { bytes: peer.bytes.length, bytesPerItem: peer.bytes.length / task.n },
        await fresh(peer, task),
      );
    rows.push(row);
  }
  await python.drop();
  return { set: task.name, runs: rows, skipped };
}

/** CPU ms to make the index, median of five where that takes under a second. */
async function building(first, open, task) {
  if (first > 1000) return first;
  const times = [first];
  while (times.length < 5) {
    const begun = process.cpuUsage();
    const again = await open(task);
    times.push(cpu(begun));
    again.close?.();
  }
  return median(times);
}

/** The least effort that reaches the wanted recall, of a peer that has such a knob. */
async function tune(run, truth) {
  if (!run.peer.tune) return;
  for (const ef of efforts) {
    run.peer.tune(ef);
    run.ef = ef;
    if (recall(run, truth) >= wanted) return;
  }
}

function recall({ peer, queries }, truth) {
  const found = queries.map(
    (query, at) => peer.search(query, k).filter((row) => truth[at].has(row)).length,
  );
  return found.reduce((sum, hits) => sum + hits, 0) / (k * queries.length);
}

function firstQuery({ peer, queries }) {
  const begun = process.cpuUsage();
  peer.search(queries[0], k);
  return cpu(begun);
}

/** CPU ms a query. Short runs are repeated, because the clock of the CPU is coarse. */
function measure({ peer, queries }) {
  const begun = process.cpuUsage();
  let times = 0;
  do {
    for (const query of queries) peer.search(query, k);
    times += 1;
  } while (cpu(begun) < 20);
  return cpu(begun) / times / queries.length;
}

/** Five queries in one call, and in five. */
function five({ peer, queries }) {
  const together = [];
  const apart = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const [times, ask] of [
      [together, (some) => peer.five(some, k)],
      [apart, (some) => some.forEach((query) => peer.search(query, k))],
    ]) {
      const begun = process.cpuUsage();
      let calls = 0;
      do {
        for (let at = 0; at < queries.length; at += 5) ask(queries.slice(at, at + 5));
        calls += queries.length / 5;
      } while (cpu(begun) < 20);
      times.push(cpu(begun) / calls);
    }
  }
  return { five: median(together), fiveCalls: median(apart) };
}

/** In a process of its own: from bytes to ready, the first query, and the wasm memory after all queries. */
async function fresh({ bytes }, task) {
  const [file, queries] = ["bench.sage", "bench-fresh.f32"].map((name) =>
    join(root, "target", name),
  );
  await mkdir(join(root, "target"), { recursive: true });
  await writeFile(file, bytes);
  await writeFile(
    queries,
    Buffer.concat(
      task.queries.map((query) => new Uint8Array(query.buffer, query.byteOffset, query.byteLength)),
    ),
  );
  const { output } = await must(process.execPath, [join(folder, "cold-start.mjs"), file, queries]);
  const { load, first, memory } = JSON.parse(output.trim().split("\n").at(-1));
  return { coldLoad: load, first, memory };
}

/** CPU ms from what was saved to the first possible query. */
async function loading(peer) {
  await peer.save?.();
  const times = [];
  for (let round = 0; round < 9 && times.every((time) => time < 1000); round += 1) {
    const begun = process.cpuUsage();
    const close = await peer.load();
    times.push(cpu(begun));
    close();
  }
  return median(times);
}

function cpu(begun) {
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / 1000;
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
}

function exact({ vectors }, query) {
  const scores = vectors.map((vector, row) => [
    vector.reduce((sum, x, i) => sum + x * query[i], 0),
    row,
  ]);
  return new Set(
    scores
      .sort((a, b) => b[0] - a[0])
      .slice(0, k)
      .map(([, row]) => row),
  );
}

/** Package descriptions, embedded once by the model of data/emoji; a reason when that is not to be had. */
async function text(data) {
  const file = join(root, ".tools", "bench-text", "vectors.f32");
  const python = join(root, ".tools", "emoji-venv", "bin", "python");
  if (!existsSync(file)) {
    if (!existsSync(python)) return "no text model here: `node data/emoji/build.mjs` installs it";
    await mkdir(join(root, ".tools", "bench-text"), { recursive: true });
    await must(python, [join(root, "bench", "data", "text.py"), "--out", file], {
      minutes: 60,
      show: true,
    });
  }
  return data.text(file, 384);
}

/** One Python process for all native peers. */
async function openPython() {
  const venv = join(root, ".tools", "bench-catalogue-venv");
  const names = ["faiss SQ8 flat", "hnswlib", "usearch i8"];
  try {
    await install(venv);
  } catch (error) {
    const why = error.message.trim().split("\n").at(-1);
    return {
      names: [],
      skipped: names.map((name) => ({ name, why })),
      drop: async () => {},
      close: () => {},
    };
  }
  const child = spawn(join(venv, "bin", "python"), [join(folder, "peers.py")], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, OMP_NUM_THREADS: "1" },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const tell = async (job) => {
    child.stdin.write(`${JSON.stringify(job)}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error(`peers.py ended at ${JSON.stringify(job)}`);
    return JSON.parse(value);
  };
  return {
    names: names.map((name) => name),
    skipped: [],
    async open(name, task, truth) {
      const [path, queries] = ["items", "queries"].map((part) =>
        join(root, "target", `bench-${part}.f32`),
      );
      await mkdir(join(root, "target"), { recursive: true });
      await writeFile(path, task.values);
      await writeFile(
        queries,
        Buffer.concat(
          task.queries.map(
            (query) => new Uint8Array(query.buffer, query.byteOffset, query.byteLength),
          ),
        ),
      );
      const { milliseconds: build } = await tell({
        do: "build",
        name,
        path,
        queries,
        dim: task.dim,
      });
      const search = () => tell({ do: "search", name, k });
      const run = { name: `${name} (native)`, build, times: [], rounds };
      for (const ef of efforts) {
        const { tunable } = await tell({ do: "tune", name, ef });
        if (tunable) run.ef = ef;
        const { rows } = await search();
        run.recall =
          rows.reduce(
            (sum, found, at) => sum + found.filter((row) => truth[at].has(row)).length,
            0,
          ) /
          (k * rows.length);
        if (!tunable || run.recall >= wanted) break;
      }
      run.measure = async () => (await search()).milliseconds / task.queries.length;
      return run;
    },
    drop: () => tell({ do: "drop", name: "" }),
    close: () => child.stdin.end(),
  };
}

async function install(venv) {
  const requirements = join(folder, "requirements.txt");
  const stamp = join(venv, "installed.txt");
  const pinned = await readFile(requirements, "utf8");
  if ((await readFile(stamp, "utf8").catch(() => "")) === pinned) return;
  if (!(await ask("python3"))) throw new Error("python3 is not installed");
  await must("python3", ["-m", "venv", "--clear", venv]);
  await must(
    join(venv, "bin", "python"),
    ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements],
    { minutes: 10 },
  );
  await copyFile(requirements, stamp);
}

function print({ set, runs, skipped }) {
  title(`${set}: CPU ms, node ${process.versions.node}, ${cpus()[0].model}\n`);
  console.log(
    "| | recall@10 | query | times ours | build | first query | load | memory, MB | five in one call | five calls |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
  );
  for (const run of runs) {
    const { recall, milliseconds, ratio, build, first, load, memory, five, fiveCalls } = run;
    const cells = [
      recall.toFixed(3),
      number(milliseconds),
      ratio.toFixed(1),
      number(build),
      number(first),
      number(load),
      memory && number(memory / 2 ** 20),
      number(five),
      number(fiveCalls),
    ];
    console.log(`| ${label(run)} | ${cells.map((cell) => cell ?? "").join(" | ")} |`);
  }
  for (const { name, why } of skipped) console.log(`\n${name} left out: ${why}`);
}

function label({ name, ef, note }) {
  return [name, ef && `ef ${ef}`, note].filter(Boolean).join(", ");
}

function number(x) {
  if (x === undefined) return "";
  return x < 100 ? x.toPrecision(3) : Math.round(x).toLocaleString("en-US");
}

function chromium({ skipped, chromium: version, results }) {
  if (skipped) return `Chromium left out: ${skipped}`;
  const one = ({ name, milliseconds, recall, skipped: why }) =>
    why
      ? `${name} left out (${why})`
      : `${name} ${number(milliseconds)} (recall ${recall.toFixed(3)})`;
  const sets = results.map(({ set, runs }) => `${set}: ${runs.map(one).join(", ")}`);
  return `In headless Chromium ${version}, CPU ms a query: ${sets.join("; ")}.`;
}

/** One row an index, one column a set; what only ours has is told below. */
async function writeCatalogueFigures({ results, browser }) {
  const sets = results.filter(({ runs }) => runs.length > 0);
  const names = [...new Set(sets.flatMap(({ runs }) => runs.map(({ name }) => name)))];
  const cell = (run) =>
    run
      ? `${number(run.milliseconds)} (${run.ratio.toFixed(1)}x)${run.recall < wanted ? `, recall ${run.recall.toFixed(3)}` : ""}`
      : "";
  const table = markdownTable([
    ["", ...sets.map(({ set }) => set)],
    ...names.map((name) => [
      name,
      ...sets.map(({ runs }) => cell(runs.find((run) => run.name === name))),
    ]),
  ]);
  const ours = sets.map(({ set, runs }) => {
    const { recall, build, firstBuild, load, first, memory, bytesPerItem, five, fiveCalls, note } =
      runs[0];
    const rival = runs.find(({ name }) => name === "hnswlib-wasm");
    const facts = [
      `recall ${recall.toFixed(3)}${note ? ` (${note})` : ""}`,
      `made in ${number(build)} ms, ${number(firstBuild)} the first time${rival ? ` (hnswlib-wasm: ${number(rival.build)})` : ""}`,
      `ready from bytes in ${number(load)} ms${rival?.load ? ` (hnswlib-wasm: ${number(rival.load)})` : ""}`,
      `first query of a process ${number(first)} ms`,
      `five queries in one call ${number(five)} ms, in five ${number(fiveCalls)}`,
      `${number(memory / 2 ** 20)} MB of wasm memory`,
      `${bytesPerItem.toFixed(0)} bytes an item with its id`,
    ];
    return `- PocketSage, ${set}: ${facts.join("; ")}.`;
  });
  const left = sets
    .flatMap(({ skipped }) => skipped)
    .map(({ name, why }) => `- ${name} left out: ${why.split(" (")[0].slice(0, 80)}.`);
  const lines = [...ours, `- ${chromium(browser)}`, ...new Set(left)];
  await writeFigures("catalogue", `${table}\n\n${lines.join("\n")}`);
}
