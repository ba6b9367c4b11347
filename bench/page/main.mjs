// `npm run bench:page`: the weight and speed of the built page in Chromium.
//   --runs N        number of fresh visits; their medians are printed (default 5)
//   --no-lighthouse without Lighthouse, which is installed into .tools/ when it is first needed
//   --strict        exit code 1 if a bound below is exceeded
import { parseArgs } from "node:util";
import { printTable, printTitle, Remedy, runScript } from "../../scripts/lib/output.mjs";
import { launchChromium } from "../../tests/browser/launch.mjs";
import { serveBuiltPage } from "../../tests/page/built-page.mjs";
import { median } from "../timing.mjs";
import { runLighthouse } from "./lighthouse.mjs";
import { measureMap } from "./map.mjs";
import { measureRecord } from "./record.mjs";
import { HISTORY_LENGTHS, measureVisit, SLOWDOWN } from "./visit.mjs";

/** Bounds of --strict. */
const MAX_FIRST_LOAD_BYTES = 350 * 1024;
const MAX_BLOCKING_MS = 100;
const MAX_FIRST_TAP_MS = 300;
const MAX_NEXT_TAP_MS = 100;
/** Of `record` and `recommend`, after the first tap. */
const MAX_RECORD_MS = 16;
/** The least factor by which the processor must be slowed, as a loop measures it. */
const MIN_SLOWDOWN = 3;
const MAX_FRAME_MS = 20;
const MIN_PERFORMANCE = 98;

await runScript(async () => {
  const { values } = parseArgs({
    options: {
      runs: { type: "string", default: "5" },
      "no-lighthouse": { type: "boolean", default: false },
      strict: { type: "boolean", default: false },
    },
  });
  const site = await serveBuiltPage({ gzip: true });
  const browser = await launchChromium();
  const rows = [];
  const exceededBounds = [];
  const addFigure = (name, value, unit, bound) => {
    const isExcess = bound !== undefined && (unit === "of 100" ? value < bound : value > bound);
    if (isExcess) exceededBounds.push(name);
    const text =
      unit === "bytes" ? Math.round(value).toLocaleString("en") : Math.round(value * 10) / 10;
    rows.push([name, `${text} ${unit}`, bound === undefined ? "" : `bound ${bound}`]);
  };
  try {
    const visits = [];
    for (let run = 0; run < Number(values.runs); run += 1)
      visits.push(await measureVisit(browser, site));
    const medianOf = (name) => median(visits.map((visit) => visit[name]));
    addFigure(
      "first load, gzip, to the answer of the first tap",
      medianOf("bytes"),
      "bytes",
      MAX_FIRST_LOAD_BYTES,
    );
    for (const [file, bytes] of visits[0].files)
      rows.push([`  ${file}`, `${bytes.toLocaleString("en")} bytes`, ""]);
    addFigure(`page is ready, ${SLOWDOWN}x CPU`, medianOf("readyMs"), "ms");
    addFigure(
      `total blocking time, ${SLOWDOWN}x CPU`,
      medianOf("blockingMs"),
      "ms",
      MAX_BLOCKING_MS,
    );
    addFigure(
      `first tap to picks, ${SLOWDOWN}x CPU`,
      medianOf("firstTapMs"),
      "ms",
      MAX_FIRST_TAP_MS,
    );
    addFigure("  second to 15th tap, median", medianOf("nextTapMs"), "ms", MAX_NEXT_TAP_MS);
    addFigure("  second to 15th tap, slowest", medianOf("maxNextTapMs"), "ms");
    for (const length of HISTORY_LENGTHS) {
      const times = visits.map(({ laterTapMs }) => laterTapMs[length]);
      addFigure(`  at ${length} actions`, median(times), "ms", MAX_NEXT_TAP_MS);
    }
    const record = await measureRecord(browser, HISTORY_LENGTHS);
    addFigure(`record and recommend, first, ${SLOWDOWN}x CPU`, record.firstTapMs, "ms");
    addFigure("  second to 15th, median", record.nextTapMs, "ms", MAX_RECORD_MS);
    addFigure("  second to 15th, slowest", record.maxNextTapMs, "ms");
    for (const length of HISTORY_LENGTHS)
      addFigure(`  at ${length} actions`, record.laterTapMs[length], "ms", MAX_RECORD_MS);
    const slowdowns = [...visits, record].map(({ slowdown }) => slowdown);
    addFigure("  least slowdown, measured", Math.min(...slowdowns), "x");
    if (Math.min(...slowdowns) < MIN_SLOWDOWN) exceededBounds.push("slowdown");
    const map = await measureMap(browser, site);
    addFigure(
      `map of ${map.items} items, pan and zoom: frame, p95`,
      map.frameP95,
      "ms",
      MAX_FRAME_MS,
    );
    addFigure("  processor time of its script, median", map.script.median, "ms");
    addFigure("  processor time of its script, p95", map.script.p95, "ms");
    addFigure("  processor time of the main thread, mean", map.thread, "ms");
    addFigure("  places of all items after", map.layoutMs, "ms");
  } finally {
    await browser.close();
  }
  try {
    if (!values["no-lighthouse"]) await addLighthouse(site.url, addFigure);
  } finally {
    await site.close();
  }
  printTitle("The page");
  printTable(rows);
  if (values.strict && exceededBounds.length > 0)
    throw new Remedy(`Beyond its bound: ${exceededBounds.join("; ")}.`);
});

/** Adds the scores of Lighthouse; all except performance must be 100. */
async function addLighthouse(url, addFigure) {
  const { scores, blockingMs } = await runLighthouse(url);
  for (const { name, score } of scores) {
    const bound = name === "performance" ? MIN_PERFORMANCE : 100;
    addFigure(`Lighthouse mobile: ${name}`, score, "of 100", bound);
  }
  addFigure("Lighthouse mobile: total blocking time", blockingMs, "ms");
}
