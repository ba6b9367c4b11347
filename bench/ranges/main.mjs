// `npm run bench:ranges`: a million items of 256 dimensions, searched by range requests from a
// static server in Chromium; recall against the exact scan of the same file.
//   --items N        fewer items (default: 1000000)
//   --data a,b       mixture, text (default: both)
//   --keep           keep the generated files in target/bench/ranges, and use those that are there
//   --json           the results as JSON
//   --figures        also writes the table of docs/figures.md
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { printTable, printTitle, Remedy, runScript } from "../../scripts/lib/output.mjs";
import { servePackage, serveRanges } from "../../scripts/lib/range-server.mjs";
import { MODULES_FLAG, runOrThrow } from "../../scripts/lib/run.mjs";
import { root } from "../../scripts/lib/versions.mjs";
import { launchChromium } from "../../tests/browser/launch.mjs";
import { markdownTable, writeFigures } from "../figures.mjs";

const folder = join(root, "target", "bench", "ranges");
const DATA = ["mixture", "text"];
/** Bytes an item of hnswlib-wasm: its f32 vector, 2 x 16 links of 4 bytes, and its head. */
const hnswBytes = (n, dim) => n * (dim * 4 + 2 * 16 * 4 + 21);
const GOALS = { resident: 48e6, recall: 0.98, requests: 6, bytes: 400_000, warm: 15 };

await runScript(async () => {
  const { values } = parseArgs({
    options: {
      items: { type: "string", default: "1000000" },
      data: { type: "string", default: DATA.join(",") },
      keep: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      figures: { type: "boolean", default: false },
    },
  });
  const n = Number(values.items);
  const names = values.data.split(",");
  if (!Number.isSafeInteger(n) || n < 1000 || names.some((name) => !DATA.includes(name)))
    throw new Remedy(`--items N: a whole number of at least 1000. --data: ${DATA.join(",")}.`);
  await mkdir(folder, { recursive: true });
  const results = [];
  try {
    for (const name of names) {
      const json = join(folder, `${name}.json`);
      const isKept =
        existsSync(join(folder, `${name}.sage`)) &&
        existsSync(json) &&
        JSON.parse(await readFile(json, "utf8")).n === n;
      if (!isKept)
        await runOrThrow(process.execPath, [
          MODULES_FLAG,
          "--max-old-space-size=8000",
          join(root, "bench", "ranges", "build-file.mjs"),
          name,
          String(n),
          folder,
        ]);
      results.push({ name, ...(await measure(name)) });
      if (!values.keep) await rm(join(folder, `${name}.sage`));
    }
  } finally {
    if (!values.keep) await rm(folder, { recursive: true, force: true });
  }
  if (values.json) console.log(JSON.stringify(results, undefined, 2));
  else {
    const rows = tableOf(results);
    printTitle("Search by ranges, Chromium");
    printTable(rows);
    if (values.figures) await writeFigures("ranges", markdownTable(rows));
  }
});

/** Runs the queries of a data set in Chromium. */
async function measure(name) {
  const { n, dim, exact } = JSON.parse(await readFile(join(folder, `${name}.json`), "utf8"));
  const file = join(folder, `${name}.sage`);
  const server = await serveRanges(
    { "/items.sage": file, "/queries": join(folder, `${name}.queries`) },
    { fallback: servePackage },
  );
  const browser = await launchChromium();
  try {
    const page = await (await browser.newContext()).newPage();
    await page.goto(server.origin);
    const measured = await page.evaluate(
      async ([origin, dimensions]) =>
        (await import("/bench/ranges/page.mjs")).measureRanges(
          `${origin}/items.sage`,
          `${origin}/queries`,
          dimensions,
        ),
      [server.origin, dim],
    );
    const foundItems = measured.coldQueries.flatMap(({ items }, query) =>
      items.filter((item) => exact[query].includes(item)),
    );
    const recall = foundItems.length / exact.flat().length;
    return { n, dim, file: (await stat(file)).size, recall, ...measured };
  } finally {
    await browser.close();
    await server.close();
  }
}

/** The rows of the table: a figure each, with its goal. */
function tableOf(results) {
  const quantile = (values, share) =>
    values.toSorted((a, b) => a - b)[
      Math.min(values.length - 1, Math.floor(values.length * share))
    ];
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const valuesOf = (list, key) => list.map((entry) => entry[key]);
  const rows = [["", "goal", ...results.map(({ name, n, dim }) => `${name}, ${n} x ${dim}`)]];
  const add = (label, goal, value) => rows.push([label, goal, ...results.map(value)]);
  const megabytes = (bytes) => (bytes === undefined ? "-" : `${(bytes / 1e6).toFixed(1)} MB`);
  const ms = (time) => `${time.toFixed(1)} ms`;
  add("recall@10", `>= ${GOALS.recall}`, ({ recall }) => recall.toFixed(4));
  add("resident", `<= ${megabytes(GOALS.resident)}`, ({ memory }) => megabytes(memory.resident));
  add("with kept blocks", "", ({ memory }) => megabytes(memory.withCache));
  add("page, by the browser", "", ({ memory }) => megabytes(memory.after - memory.before));
  add("cold requests, mean", "", ({ coldQueries }) =>
    mean(valuesOf(coldQueries, "requests")).toFixed(2),
  );
  add("cold requests, most", `<= ${GOALS.requests}`, ({ coldQueries }) =>
    String(Math.max(...valuesOf(coldQueries, "requests"))),
  );
  add("cold KB, mean", "", ({ coldQueries }) =>
    (mean(valuesOf(coldQueries, "bytes")) / 1000).toFixed(0),
  );
  add("cold KB, most", `<= ${GOALS.bytes / 1000}`, ({ coldQueries }) =>
    (Math.max(...valuesOf(coldQueries, "bytes")) / 1000).toFixed(0),
  );
  add("cold p50", "", ({ coldQueries }) => ms(quantile(valuesOf(coldQueries, "ms"), 0.5)));
  add("warm p50, Cache API", `< ${GOALS.warm} ms`, ({ warmTimes }) => ms(quantile(warmTimes, 0.5)));
  add("warm p90, Cache API", "", ({ warmTimes }) => ms(quantile(warmTimes, 0.9)));
  add("warm p50, in memory", "", ({ hotTimes }) => ms(quantile(hotTimes, 0.5)));
  add("opening", "", ({ open }) => `${ms(open.ms)}, ${open.requests} requests`);
  add("read to open", "", ({ open }) => megabytes(open.bytes));
  add("whole download", "", ({ file }) => megabytes(file));
  add("hnswlib-wasm would need", "", ({ n, dim }) => megabytes(hnswBytes(n, dim)));
  return rows;
}
