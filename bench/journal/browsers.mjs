// Measures the journal in a browser, in IndexedDB.
import { serveSite } from "../../tests/browser/site.mjs";
import { medianOf } from "./measure.mjs";

/** For each length, medians: `{ length, bytes, milliseconds, opening }`. */
export async function measureBrowser(launch, lengths, openings) {
  const [site, browser] = await Promise.all([serveSite(), launch()]);
  try {
    const context = await browser.newContext();
    /** Runs a function of measure.mjs in a new page. Its store is IndexedDB. */
    const runInPage = async (name, argument) => {
      const page = await context.newPage();
      await page.goto(site.origin);
      const result = await page.evaluate(measureInPage, [name, argument]);
      await page.close();
      return result;
    };
    const results = await runInPage("measureRecord", lengths);
    for (const result of results) {
      const times = [];
      for (let page = 0; page < openings; page += 1)
        times.push(await runInPage("measureOpening", result.length));
      result.opening = medianOf(times);
    }
    return results;
  } finally {
    await browser.close();
    await site.close();
  }
}

async function measureInPage([name, argument]) {
  const [pocketsage, measure] = await Promise.all([
    import("pocketsage"),
    import(`${location.origin}/bench/journal/measure.mjs`),
  ]);
  const storeOf = (length) => pocketsage.indexedDbStore(`bench ${length}`);
  return name === "measureOpening"
    ? measure.measureOpening(pocketsage, storeOf(argument))
    : measure.measureRecord(pocketsage, storeOf, argument);
}
