// A catalogue in cells and its servers in memory: `fetch` records every request.
import { init } from "pocketsage";
import { buildCells } from "../../pkg/cli/build/cells.js";
import { openCellServer } from "../../pkg/privacy/server/index.js";
import { seededRandom } from "../../scripts/lib/random.mjs";

export const DIM = 16;
export const FOLDER = "https://cdn.example/items.cells";
export const HOSTS = ["https://one.example/v1/cells/xor", "https://two.example/v1/cells/xor"];
export const DAY = 86_400_000;

/** Items around `topics` directions: `[id, vector, payload]`. */
export function makeItems(count, topics = 24, seed = 1) {
  const random = seededRandom(seed);
  const normal = () => random() + random() + random() - 1.5;
  const centres = Array.from({ length: topics }, () => Array.from({ length: DIM }, normal));
  return Array.from({ length: count }, (_, row) => {
    const vector = centres[row % topics].map((value) => value + 0.6 * normal());
    return [`item-${row}`, Float32Array.from(vector), { title: `title ${row}` }];
  });
}

/** The files of cells by name. */
export async function makeCells(items, cells, space) {
  await init();
  const options = { cells, payloadFields: ["title"], space, onProgress: () => {} };
  const { files, report } = await buildCells(items, items[0][1].length, options);
  return { files: new Map(files.map(({ name, bytes }) => [name, bytes])), report };
}

/** The files of the same cells in shards of 8. */
export function inShards({ files, report }) {
  const folder = report.codebook.slice(0, 16);
  const { cells, cellBytes } = report;
  const whole = files.get(`${folder}/shard-0.bin`);
  const sharded = new Map(files);
  const text = new TextDecoder().decode(files.get("manifest.json"));
  sharded.set("manifest.json", Buffer.from(text.replace(/"shardCells": \d+/, '"shardCells": 8')));
  for (let shard = 0; shard * 8 < cells; shard += 1)
    sharded.set(
      `${folder}/shard-${shard}.bin`,
      whole.slice(shard * 8 * cellBytes, (shard + 1) * 8 * cellBytes),
    );
  return sharded;
}

/**
 * Servers of these files, one for each address. `requests` has all requests; `replace` may return
 * another reply for a request, or throw.
 */
export async function makeNetwork({ files }, replace = () => undefined) {
  const requests = [];
  const server = await openCellServer({ read: async (name) => files.get(name) });
  const answer = async (url, body) => {
    if (HOSTS.includes(url)) return server.answer(server.decode(body));
    return files.get(url.slice(FOLDER.length + 1));
  };
  const fetch = async (url, { method, body, signal }) => {
    const bytes = body ?? new TextEncoder().encode(url);
    requests.push({ method, url, bytes: Uint8Array.from(bytes) });
    const replaced = await replace({ url, body, signal, answer: () => answer(url, body) });
    if (replaced) return replaced;
    const reply = await answer(url, body);
    return reply ? new Response(reply) : new Response("", { status: 404 });
  };
  return { requests, fetch };
}

/** Requests after the manifest and the codebook. */
export const releasesOf = ({ requests }) =>
  requests.filter(({ url }) => !/manifest\.json$|codebook\.bin$/.test(url));

/** Queries as a sage makes them. */
export const queriesOf = (items, ...rows) =>
  rows.map((row) => ({ item: items[row][0], vector: items[row][1], count: 50 }));

/** Prints a figure of the report of `npm run test:privacy`. */
export function printFigure(name, value) {
  if (process.env.PRIVACY_FIGURES) console.log(`  ${name.padEnd(66)} ${value}`);
}
