// Runs the catalogue bench in headless Chromium: PocketSage, hnswlib-wasm and a plain loop on the
// same items and queries as in Node.
import { join } from "node:path";
import { rendererClock } from "../runtimes/renderer-clock.mjs";
import { median } from "../timing.mjs";
import { bytesOfVectors, recallOf } from "./measure.mjs";

const hnswlibFolder = join(import.meta.dirname, "node_modules", "hnswlib-wasm", "dist");
const peerNames = ["PocketSage", "hnswlib-wasm", "plain JavaScript"];
const ROUNDS = 7;

/**
 * Resolves to `{ chromium, results: [{ set, runs: [{ name, milliseconds, recall }] }] }`, where
 * milliseconds are CPU time of the page's process per query, or to `{ skipped: reason }` without
 * a browser. `effortOf(task, name)` is the effort (HNSW's ef) that was tuned in Node.
 */
export async function measureInChromium(tasks, k, effortOf) {
  const { launchChromium } = await import("../../tests/browser/launch.mjs");
  const { serveSite } = await import("../../tests/browser/site.mjs");
  const browser = await launchChromium().catch((error) => String(error.message).split("\n")[0]);
  if (typeof browser === "string") return { skipped: browser };
  const site = await serveSite();
  try {
    const cpuMs = await rendererClock(browser);
    const results = [];
    for (const task of tasks) {
      const page = await openPage(browser, site.origin, task);
      const runs = [];
      for (const name of peerNames)
        runs.push(await measurePeer(page, cpuMs, name, task, k, effortOf(task, name)));
      results.push({ set: task.name, runs });
      await page.close();
    }
    return { chromium: browser.version(), results };
  } finally {
    await browser.close();
    await site.close();
  }
}

/** A page of the test site that can also fetch the task's vectors and hnswlib-wasm. */
async function openPage(browser, origin, task) {
  const page = await browser.newPage();
  await page.route("**/items.f32", (route) =>
    route.fulfill({ body: bytesOfVectors([task.values]) }),
  );
  await page.route("**/queries.f32", (route) =>
    route.fulfill({ body: bytesOfVectors(task.queries) }),
  );
  await page.route("**/hnswlib/*", (route) => {
    const file = new URL(route.request().url()).pathname.split("/").at(-1);
    return route.fulfill({ path: join(hnswlibFolder, file), contentType: "text/javascript" });
  });
  await page.goto(origin);
  return page;
}

async function measurePeer(page, cpuMs, name, task, k, effort) {
  try {
    const { rows, passes } = await page.evaluate(prepareInPage, {
      name,
      dim: task.dim,
      k,
      effort,
    });
    const times = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const start = await cpuMs();
      await page.evaluate(searchInPage, { name, passes });
      times.push(((await cpuMs()) - start) / passes / rows.length);
    }
    return { name, milliseconds: median(times), recall: recallOf(rows, task.truth) };
  } catch (error) {
    return { name, skipped: String(error.message).split("\n")[0] };
  }
}

/**
 * Runs in the page: builds the index and answers all queries once. Returns the rows found, and the
 * number of passes over all queries that take about 300 ms.
 */
async function prepareInPage({ name, dim, k, effort }) {
  const fetchRows = async (path) => {
    const values = new Float32Array(await (await fetch(path)).arrayBuffer());
    return Array.from({ length: values.length / dim }, (_, row) =>
      values.slice(row * dim, (row + 1) * dim),
    );
  };
  const vectors = await fetchRows("/items.f32");
  const queries = await fetchRows("/queries.f32");
  let search;
  if (name === "PocketSage") {
    const { Catalogue } = await import("pocketsage");
    const catalogue = await Catalogue.from(
      vectors.map((vector, row) => [String(row), vector]),
      { dim },
    );
    search = (query) => catalogue.search(query, { count: k }).map(({ item }) => Number(item));
  } else if (name === "plain JavaScript") {
    search = (query) => {
      const scores = vectors.map((vector, row) => {
        let dot = 0;
        for (let i = 0; i < vector.length; i += 1) dot += vector[i] * query[i];
        return [dot, row];
      });
      return scores
        .sort((a, b) => b[0] - a[0])
        .slice(0, k)
        .map(([, row]) => row);
    };
  } else {
    const { loadHnswlib } = await import("/hnswlib/hnswlib.js");
    const lib = await loadHnswlib();
    const index = new lib.HierarchicalNSW("cosine", dim, "");
    index.initIndex(vectors.length, 16, 200, 1);
    vectors.forEach((vector, row) => index.addPoint(vector, row, false));
    index.setEfSearch(effort);
    search = (query) => index.searchKnn(query, k, undefined).neighbors;
  }
  globalThis.peers = { ...globalThis.peers, [name]: { search, queries } };
  const rows = queries.map(search);
  const start = performance.now();
  for (const query of queries) search(query);
  const passes = Math.ceil(300 / (performance.now() - start));
  return { rows, passes: Math.max(1, Math.min(200, passes)) };
}

/** Runs in the page: answers all queries `passes` times. */
function searchInPage({ name, passes }) {
  const { search, queries } = globalThis.peers[name];
  for (let pass = 0; pass < passes; pass += 1) for (const query of queries) search(query);
}
