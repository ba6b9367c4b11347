// Our catalogue, hnswlib-wasm and a plain loop in headless Chromium: the same items and queries as in Node.
import { join } from "node:path";
import { root } from "../../scripts/lib/versions.mjs";

const modules = join(root, "bench", "catalogue", "node_modules");
const rounds = 7;

/** `{ chromium, runs: [{ name, milliseconds, recall }] }`, CPU ms of the page's process a query, by task; a reason where there is no browser. */
export async function inChromium(tasks, k, efOf) {
  const { launch, serveSite } = await import("../../tests/browser/site.mjs");
  const browser = await launch().catch((error) => String(error.message).split("\n")[0]);
  if (typeof browser === "string") return { skipped: browser };
  const site = await serveSite();
  try {
    const session = await browser.newBrowserCDPSession();
    const cpu = async () => {
      const { processInfo } = await session.send("SystemInfo.getProcessInfo");
      return processInfo
        .filter(({ type }) => type === "renderer")
        .reduce((sum, { cpuTime }) => sum + cpuTime * 1000, 0);
    };
    const results = [];
    for (const task of tasks) {
      const page = await browser.newPage();
      await page.route("**/items.f32", (route) => route.fulfill({ body: bytesOf(task.values) }));
      await page.route("**/queries.f32", (route) =>
        route.fulfill({ body: Buffer.concat(task.queries.map(bytesOf)) }),
      );
      await page.route("**/hnswlib/*", (route) =>
        route.fulfill({
          path: join(
            modules,
            "hnswlib-wasm",
            "dist",
            new URL(route.request().url()).pathname.split("/").at(-1),
          ),
          contentType: "text/javascript",
        }),
      );
      await page.goto(site.origin);
      const runs = [];
      for (const name of ["PocketSage", "hnswlib-wasm", "plain JavaScript"]) {
        try {
          const { rows, calls } = await page.evaluate(prepare, {
            name,
            dim: task.dim,
            k,
            ef: efOf(task, name),
          });
          const times = [];
          for (let round = 0; round < rounds; round += 1) {
            const begun = await cpu();
            await page.evaluate(ask, { name, k, calls });
            times.push(((await cpu()) - begun) / calls / rows.length);
          }
          const found = rows.flatMap((list, at) =>
            list.filter((row) => task.truth[at].has(row)),
          ).length;
          runs.push({
            name,
            milliseconds: times.toSorted((a, b) => a - b)[rounds >> 1],
            recall: found / rows.length / k,
          });
        } catch (error) {
          runs.push({ name, skipped: String(error.message).split("\n")[0] });
        }
      }
      results.push({ set: task.name, runs });
      await page.close();
    }
    return { chromium: browser.version(), results };
  } finally {
    await browser.close();
    await site.close();
  }
}

function bytesOf(vector) {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
}

/** In the page: makes the index, answers all queries once, and tells how many times they fill 300 ms. */
async function prepare({ name, dim, k, ef }) {
  const numbers = async (path) => new Float32Array(await (await fetch(path)).arrayBuffer());
  const rowsOf = (values) =>
    Array.from({ length: values.length / dim }, (_, row) =>
      values.slice(row * dim, (row + 1) * dim),
    );
  const vectors = rowsOf(await numbers("/items.f32"));
  const queries = rowsOf(await numbers("/queries.f32"));
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
    index.setEfSearch(ef);
    search = (query) => index.searchKnn(query, k, undefined).neighbors;
  }
  globalThis.searches = { ...globalThis.searches, [name]: { search, queries } };
  const rows = queries.map(search);
  const begun = performance.now();
  for (const query of queries) search(query);
  return { rows, calls: Math.max(1, Math.min(200, Math.ceil(300 / (performance.now() - begun)))) };
}

function ask({ name, calls }) {
  const { search, queries } = globalThis.searches[name];
  for (let call = 0; call < calls; call += 1) for (const query of queries) search(query);
}
