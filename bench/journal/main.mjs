// `npm run bench:journal`: bytes written and time of record() at histories of 100, 1,000 and 10,000
// actions of 384 components, in memory and in the IndexedDB of Chromium, and the time to open the
// longest. The ratios compare the longest history with the shortest.
import { build } from "../../scripts/build.mjs";
import { printTable, printTitle, runScript } from "../../scripts/lib/output.mjs";
import { setup } from "../../scripts/setup.mjs";
import { measureJournal } from "./measure.mjs";

const LENGTHS = [100, 1000, 10_000];
const MAX_RATIO = 1.5;

await runScript(async () => {
  await setup();
  await build();
  const rows = [];
  const addRow = (name, results) => {
    const [first, last] = [results[0], results.at(-1)];
    rows.push(
      ...results.map((result) => [
        name,
        result.length,
        result.bytes,
        result.milliseconds.toFixed(3),
        result.opening.toFixed(1),
      ]),
      [
        `${name}, ratio (at most ${MAX_RATIO})`,
        "",
        (last.bytes / first.bytes).toFixed(2),
        (last.milliseconds / first.milliseconds).toFixed(2),
        "",
      ],
    );
  };
  const pocketsage = await import("pocketsage");
  const inMemory = [];
  for (const length of LENGTHS) inMemory.push(await measureJournal(pocketsage, "memory", length));
  addRow("memory", inMemory);
  addRow("IndexedDB, Chromium", await measureInChromium());
  printTitle("record(), median of 100 calls");
  printTable([["store", "actions", "bytes per record", "ms per record", "ms to open"], ...rows]);
});

async function measureInChromium() {
  const [{ launchChromium }, { serveSite }] = await Promise.all([
    import("../../tests/browser/launch.mjs"),
    import("../../tests/browser/site.mjs"),
  ]);
  const [site, browser] = await Promise.all([serveSite(), launchChromium()]);
  try {
    const results = [];
    for (const length of LENGTHS) {
      const page = await (await browser.newContext()).newPage();
      await page.goto(site.origin);
      results.push(
        await page.evaluate(async (count) => {
          const { measureJournal: measure } = await import(
            `${location.origin}/bench/journal/measure.mjs`
          );
          return measure(await import("pocketsage"), "indexeddb", count);
        }, length),
      );
      await page.close();
    }
    return results;
  } finally {
    await browser.close();
    await site.close();
  }
}
