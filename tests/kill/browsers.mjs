// Kills a browser while a page records and forgets.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { serveSite } from "../browser/site.mjs";
import { makeKillable } from "./killable.mjs";
import { Ledger } from "./ledger.mjs";

/**
 * Runs the rounds in `folder`. `launchIn(folder, options)` opens the browser at `path` with a
 * profile; `recordingMs()` is how long a round records. `report` receives a summary of each round.
 */
export async function killBrowser({ launchIn, path, folder, rounds, recordingMs, report }) {
  const site = await serveSite();
  const profile = join(folder, "profile");
  await mkdir(profile);
  const { executable, kill } = await makeKillable(folder, path);
  const ledger = new Ledger();
  try {
    for (let round = 0; round <= rounds; round += 1) {
      const context = await launchIn(profile, { executablePath: executable, handleSIGINT: false });
      try {
        const page = context.pages()[0] ?? (await context.newPage());
        await page.goto(site.origin);
        report(ledger.check(await page.evaluate(openSageInPage)));
        if (round === rounds) break;
        await page.exposeFunction("attempt", (...operation) => ledger.attempt(...operation));
        await page.exposeFunction("acknowledge", (...operation) =>
          ledger.acknowledge(...operation),
        );
        const recording = page.evaluate(recordInPage, round).catch((error) => error);
        await new Promise((resolve) => setTimeout(resolve, recordingMs()));
        await kill();
        await recording;
      } finally {
        await context.close().catch(() => undefined);
      }
    }
  } finally {
    await site.close();
  }
}

/** Runs in the page: opens the sage and returns the stored items. */
async function openSageInPage() {
  const { indexedDbStore, openSage } = await import("pocketsage");
  window.sage = await openSage({ dim: 2, maxActions: 20_000, store: indexedDbStore("kill") });
  return (await window.sage.actions({ count: 100_000 })).map(({ item }) => item);
}

/**
 * Runs in the page, until it is killed: records actions, and forgets one now and then. Records are
 * announced in batches and acknowledged without waiting, because both cross processes.
 */
async function recordInPage(round) {
  const BATCH = 80;
  const { attempt, acknowledge, sage } = window;
  for (let first = 0; ; first += BATCH) {
    const items = Array.from({ length: BATCH }, (_, index) => `${round} ${first + index}`);
    await attempt("record", items);
    for (const item of items) {
      await sage.record({ item, vector: Float32Array.of(1, Math.random()) });
      acknowledge("record", item);
    }
    // Rarely: a deletion rewrites the store, which keeps its segments few.
    const item = items.at(-9);
    await attempt("forget", [item]);
    await sage.forget(item);
    acknowledge("forget", item);
  }
}
