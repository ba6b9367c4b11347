// The library's part of a tap, on the slowed main thread: `record` with a store in IndexedDB, then
// `recommend`. The page itself calls both in a worker, which the browser does not slow.
import { readFile } from "node:fs/promises";
import { serveSite } from "../../tests/browser/site.mjs";
import { median } from "../timing.mjs";
import { NEXT_TAPS, slowDown, TAPS_PER_LENGTH } from "./visit.mjs";

const CATALOGUE = new URL("../../www/public/emoji.sage", import.meta.url);
/** As the page: 12 picks, and candidates beyond them. */
const COUNT = 36;

/** `{ slowdown, firstTapMs, nextTapMs, maxNextTapMs, laterTapMs }`, as those of measureVisit(). */
export async function measureRecord(browser, lengths) {
  const site = await serveSite();
  const context = await browser.newContext();
  try {
    await context.route("**/catalogue.sage", async (route) =>
      route.fulfill({ body: await readFile(CATALOGUE) }),
    );
    const page = await context.newPage();
    await page.goto(site.origin);
    const session = await context.newCDPSession(page);
    const slowdown = await slowDown(page, session);
    const times = await page.evaluate(recordAndRecommend, { count: COUNT, taps: lengths.at(-1) });
    const firstTapMs = times[0];
    const nextTaps = times.slice(1, 1 + NEXT_TAPS);
    const laterTapMs = Object.fromEntries(
      lengths.map((length) => [length, median(times.slice(length - TAPS_PER_LENGTH, length))]),
    );
    return {
      slowdown,
      firstTapMs,
      nextTapMs: median(nextTaps),
      laterTapMs,
      maxNextTapMs: Math.max(...nextTaps),
    };
  } finally {
    await context.close();
    await site.close();
  }
}

/** Runs in the page: one time for each tap. Waits for the store after each, as a user does. */
async function recordAndRecommend({ count, taps }) {
  const { Catalogue, indexedDbStore, openSage } = await import("pocketsage");
  const catalogue = await Catalogue.fetch("/catalogue.sage");
  const sage = await openSage({ catalogue, store: indexedDbStore("taps"), halfLifeDays: 30 });
  const ids = [...catalogue.ids()];
  const times = [];
  for (let tap = 0; tap < taps; tap += 1) {
    await new Promise((resolve) => setTimeout(resolve, 30));
    const start = performance.now();
    const storing = sage.record({ item: ids[(40 + 37 * tap) % ids.length] });
    await sage.recommend({ count });
    times.push(performance.now() - start);
    await storing;
  }
  await sage.close();
  return times;
}
