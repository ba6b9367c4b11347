// `npm run bench`: from embeddings to interests, our package in node beside ml-hclust (npm), SciPy and fastcluster (pip, where there is Python).
//   npm run bench -- --json     machine-readable, of what is already built
// One run, round robin over the contestants, medians, ratios to ours. All must find the same tree, or the bench fails. We do more than the
// others: they stop at the tree, `buildProfile` also cuts it and gives medoids and importance.
import { mkdir, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { mixture } from "./bench/mixture.mjs";
import { pythonPeers } from "./bench/peers.mjs";
import { build } from "./build.mjs";
import { Remedy, script, title } from "./lib/say.mjs";
import { root } from "./lib/versions.mjs";
import { setup } from "./setup.mjs";

const dim = 256;
const sizes = [100, 300, 1000];
const now = Date.UTC(2026, 0, 1);
const slow = 1000; // ms; a contestant slower than this runs 3 times, all measured
const rounds = { warmUp: 40, usual: 81, slow: 3 };
const tolerance = 1e-4; // of a squared height, relative: f32 sums beside f64 sums

await script(async () => {
  const json = process.argv.includes("--json");
  if (!json) {
    await setup();
    await build();
  }
  const { peers, close, skipped } = await contestants();
  if (!json) title(`Embeddings to interests, d = ${dim}, median ms (node ${process.versions.node}, ${cpus()[0].model})\n`);
  const results = [];
  for (const n of sizes) results.push(...(await compare(n, peers)));
  close();
  if (json) console.log(JSON.stringify({ dim, results, skipped }, undefined, 2));
  else print(results, skipped);
});

/** Each contestant: vectors -> `{ milliseconds, heights }`, heights squared and ascending; the first is the one the others are measured by. */
async function contestants() {
  const { buildProfile, cluster, init } = await import("pocketsage");
  const { agnes } = await import("ml-hclust");
  await init();
  const peers = {
    "PocketSage profile": ({ actions }) => time(() => buildProfile(actions, { dim, now }), () => undefined),
    "PocketSage tree": ({ vectors }) =>
      time(() => cluster(vectors, { dim }), ({ tree }) => Array.from({ length: tree.length / 4 }, (_, merge) => tree[4 * merge + 2])),
    "ml-hclust (npm)": ({ rows }) => time(() => agnes(rows, { method: "ward2" }), (tree) => heights(tree).map((height) => height ** 2)),
  };
  const skipped = [];
  let close = () => {};
  try {
    const python = await pythonPeers();
    close = python.close;
    for (const [name, peer] of [["SciPy (C)", "scipy"], ["fastcluster (C++)", "fastcluster"]]) {
      peers[name] = async ({ path, n }) => {
        const result = await python.cluster(peer, path, n, dim);
        return { ...result, heights: result.heights.map((height) => height ** 2) };
      };
    }
  } catch (error) {
    skipped.push(`SciPy and fastcluster left out: ${error.message.trim().split("\n").at(-1)}`);
  }
  return { peers, close, skipped };
}

async function compare(n, peers) {
  const task = await makeTask(n);
  const runs = Object.entries(peers).map(([name, run]) => ({ name, run, times: [], rounds: rounds.usual }));
  let expected;
  for (let round = 0; round < rounds.usual; round += 1) {
    for (const contestant of runs.filter((one) => round < one.rounds)) {
      const { milliseconds, heights: found } = await contestant.run(task);
      if (found) assertSame((expected ??= found), found, `${contestant.name}, n = ${n}`);
      if (milliseconds > slow) contestant.rounds = rounds.slow;
      if (round >= rounds.warmUp || contestant.rounds === rounds.slow) contestant.times.push(milliseconds);
    }
  }
  const ours = median(runs[0].times);
  return runs.map(({ name, times }) => ({ n, name, milliseconds: median(times), ratio: median(times) / ours, rounds: times.length }));
}

/** The same vectors in the shape each contestant takes, made before the clock starts. */
async function makeTask(n) {
  const vectors = mixture(n, dim, { seed: n });
  const typed = Array.from({ length: n }, (_, row) => vectors.slice(row * dim, (row + 1) * dim));
  const actions = typed.map((vector, row) => ({ item: `item ${row}`, vector, at: now - row * 3_600_000 }));
  const path = join(root, "target", `bench-${n}.f32`);
  await mkdir(join(root, "target"), { recursive: true });
  await writeFile(path, vectors);
  return { n, vectors, actions, rows: typed.map((vector) => [...vector]), path };
}

function time(work, answer) {
  const begun = performance.now();
  const result = work();
  const milliseconds = performance.now() - begun;
  return { milliseconds, heights: answer(result) };
}

function heights(tree) {
  const all = [];
  for (const pending = [tree]; pending.length > 0; ) {
    const node = pending.pop();
    if (node.isLeaf) continue;
    all.push(node.height);
    pending.push(...node.children);
  }
  return all.sort((a, b) => a - b);
}

function assertSame(expected, found, who) {
  if (found.length !== expected.length) throw new Remedy(`${who}: ${found.length} merges, expected ${expected.length}.`);
  const wrong = found.findIndex((height, i) => Math.abs(height - expected[i]) > tolerance * Math.max(height, expected[i]));
  if (wrong >= 0) throw new Remedy(`${who}: merge ${wrong} has the squared height ${found[wrong]}, the others ${expected[wrong]}.`);
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
}

function print(results, skipped) {
  const names = [...new Set(results.map(({ name }) => name))];
  console.log(`| | ${sizes.map((n) => `n = ${n}`).join(" | ")} |\n|---|${"---:|".repeat(sizes.length)}`);
  for (const name of names) {
    const cells = sizes.map((n) => {
      const { milliseconds, ratio } = results.find((result) => result.n === n && result.name === name);
      return `${milliseconds < 100 ? milliseconds.toPrecision(3) : Math.round(milliseconds)} (${ratio.toFixed(1)}x)`;
    });
    console.log(`| ${name} | ${cells.join(" | ")} |`);
  }
  console.log(`\nIn brackets: times of ${names[0]}. Every tree had the same heights. Reproduce: \`npm run bench\`.`);
  for (const line of skipped) console.log(line);
}
