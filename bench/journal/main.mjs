// `npm run bench:journal`: record() at histories of 100, 1,000 and 10,000 actions of 384 components
// in memory, in the IndexedDB of Chromium and Firefox, and in the rows of a Durable Object in
// workerd: bytes written and time of a call, and the time to open the history. Fails if a call
// depends on the length, or if Chromium takes too long to open the longest.
//   npm run bench:journal -- --only chromium,workerd
//   npm run bench:journal -- --figures          also writes the table of docs/figures.md
import { parseArgs } from "node:util";
import { build } from "../../scripts/build.mjs";
import { printTable, printTitle, Remedy, runScript } from "../../scripts/lib/output.mjs";
import { setup } from "../../scripts/setup.mjs";
import { markdownTable, writeFigures } from "../figures.mjs";
import { formatCount } from "../timing.mjs";
import { CALLS, measureOpening, measureRecord, medianOf } from "./measure.mjs";

const LENGTHS = [100, 1000, 10_000];
/** Bounds: cost of a call at the longest history relative to the shortest; time to open. */
const MAX_RATIO = 1.5;
const MAX_OPENING_MS = { chromium: 150 };
/** Openings that are measured for each length, in browsers each in a new page. */
const OPENINGS = 9;
const BROWSERS = ["chromium", "firefox"];

/** By name: the title of a store, and a function that measures it. */
const stores = {
  memory: { title: "memory (Node)", measure: measureMemory },
  chromium: {
    title: "IndexedDB, Chromium",
    async measure() {
      const { launchChromium } = await import("../../tests/browser/launch.mjs");
      return (await import("./browsers.mjs")).measureBrowser(launchChromium, LENGTHS, OPENINGS);
    },
  },
  firefox: {
    title: "IndexedDB, Firefox",
    async measure() {
      const { launchFirefox } = await import("../../tests/browser/launch.mjs");
      const launch = () => launchFirefox({ "privacy.reduceTimerPrecision": false }); // exact clock
      return (await import("./browsers.mjs")).measureBrowser(launch, LENGTHS, OPENINGS);
    },
  },
  workerd: {
    title: "Durable Object, workerd",
    async measure() {
      return (await import("./workerd.mjs")).measureWorkerd(LENGTHS, OPENINGS);
    },
  },
};

await runScript(async () => {
  const { values } = parseArgs({
    options: { only: { type: "string" }, figures: { type: "boolean", default: false } },
  });
  const names = values.only?.split(",") ?? Object.keys(stores);
  const unknownName = names.find((name) => !(name in stores));
  if (unknownName !== undefined)
    throw new Remedy(
      `--only: unknown name "${unknownName}"; the names are ${Object.keys(stores).join(", ")}.`,
    );
  if (values.figures && values.only)
    throw new Remedy("docs/figures.md shows a whole run: use --figures without --only.");
  const { env } = await setup({ browsers: names.filter((name) => BROWSERS.includes(name)) });
  Object.assign(process.env, env);
  await build();
  const rows = [];
  const complaints = [];
  for (const name of names) {
    const results = await stores[name].measure();
    rows.push(...results.map((result) => rowOf(stores[name].title, result)));
    complaints.push(...complaintsOf(name, results));
  }
  const head = ["store", "actions", "bytes per record", "ms per record", "ms to open"];
  printTitle(`record(), medians of ${CALLS} calls; opening, medians of ${OPENINGS}`);
  printTable([head, ...rows]);
  if (complaints.length > 0) throw new Remedy(complaints.join("\n"));
  if (values.figures) await writeFigures("journal", markdownTable([head, ...rows]));
});

async function measureMemory() {
  const pocketsage = await import("pocketsage");
  const memoryStores = new Map(LENGTHS.map((length) => [length, pocketsage.memoryStore()]));
  const results = await measureRecord(pocketsage, (length) => memoryStores.get(length), LENGTHS);
  for (const result of results) {
    const times = [];
    for (let call = 0; call < OPENINGS; call += 1)
      times.push(await measureOpening(pocketsage, memoryStores.get(result.length)));
    result.opening = medianOf(times);
  }
  return results;
}

function rowOf(title, { length, bytes, milliseconds, opening }) {
  return [
    title,
    ...[length, bytes].map(formatCount),
    milliseconds.toPrecision(3),
    opening.toPrecision(3),
  ];
}

/** One complaint for each bound that the results of a store exceed. */
function complaintsOf(name, results) {
  const [first, last] = [results[0], results.at(-1)];
  const ratios = { bytes: last.bytes / first.bytes, ms: last.milliseconds / first.milliseconds };
  const complaints = Object.entries(ratios)
    .filter(([, ratio]) => !(ratio <= MAX_RATIO))
    .map(
      ([unit, ratio]) =>
        `${name}: ${unit} per record at ${last.length} actions are ${ratio.toFixed(2)} times ` +
        `those at ${first.length}, at most ${MAX_RATIO} are allowed.`,
    );
  if (last.opening > MAX_OPENING_MS[name])
    complaints.push(
      `${name}: opening ${last.length} actions takes ${last.opening.toFixed(0)} ms, at most ` +
        `${MAX_OPENING_MS[name]} are allowed.`,
    );
  return complaints;
}
