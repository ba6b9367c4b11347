// `npm run bench:loading`: import, init() and the first call in fresh processes of Node, and in
// pages of Chromium and Firefox whose files are cached.
//   npm run bench:loading -- --processes 9 --figures    fewer processes; writes docs/figures.md
// In Chromium the processor is slowed down four times; Firefox has no such option.
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build as buildPackage } from "../../scripts/build.mjs";
import { printTable, printTitle, reportFailure, runScript } from "../../scripts/lib/output.mjs";
import { runOrThrow } from "../../scripts/lib/run.mjs";
import { setup } from "../../scripts/setup.mjs";
import { launchChromiumIn, launchFirefoxIn } from "../../tests/browser/launch.mjs";
import { markdownTable, writeFigures } from "../figures.mjs";
import { median } from "../timing.mjs";

const SLOWDOWN = 4;
const BROWSERS = [
  [`Chromium, processor at 1/${SLOWDOWN}`, launchChromiumIn, SLOWDOWN],
  ["Chromium", launchChromiumIn, 1],
  ["Firefox", launchFirefoxIn, 1],
];
const options = { processes: { type: "string", default: "25" }, figures: { type: "boolean" } };

await runScript(async () => {
  const { values } = parseArgs({ options });
  await setup();
  await buildPackage();
  const { measureBrowser } = await import("./browser.mjs"); // its imports need the set-up
  const count = Number(values.processes);
  const rows = [["Node", await measureNode(count)]];
  for (const [browser, launchIn, slowdown] of BROWSERS)
    await measureBrowser(launchIn, slowdown, count).then(
      (visits) =>
        rows.push(
          ...visits.map(([name, replies]) => [[browser, name].filter(Boolean).join(": "), replies]),
        ),
      (error) => reportFailure(browser, error.message),
    );
  printTitle(`Loading: median of ${count}, ms on the clock`);
  const table = [
    [
      ...["", "import", "init()", "both", "both, first quartile", "CPU, both"],
      ...["first call", "later", "warm call"],
    ],
    ...rows.map(([name, replies]) => [name, ...cellsOf(replies)]),
  ];
  printTable(table);
  if (values.figures) await writeFigures("loading", markdownTable(table));
});

/** The replies of `count` fresh processes. */
async function measureNode(count) {
  const program = join(import.meta.dirname, "process.mjs");
  const replies = [];
  for (let index = 0; index < count; index += 1)
    replies.push(JSON.parse((await runOrThrow(process.execPath, [program])).output));
  return replies;
}

/**
 * The cells of a row: the median of each time, empty where the replies lack the time, and the first
 * quartile of import plus `init()`. (Other programs of the machine only add time, and four times as
 * much to a slowed-down processor.)
 */
function cellsOf(replies) {
  const both = ({ load, init }) => load + init;
  const text = (digits, timeOf) => median(replies.map(timeOf))?.toFixed(digits) ?? "";
  return [
    text(1, ({ load }) => load),
    text(1, ({ init }) => init),
    text(1, both),
    firstQuartile(replies.map(both)).toFixed(1),
    text(1, ({ cpu }) => cpu),
    text(2, ({ first }) => first),
    text(2, ({ later }) => later),
    text(2, ({ warm }) => warm),
  ];
}

function firstQuartile(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 2];
}
