// `npm run bench:rank`: rank() of 500 items of a catalogue, by the number of dimensions and the
// length of the history. "hot": calls in a loop; "isolated": 20 ms of idleness and a pass over 32
// MB of other memory before each.
//   npm run bench:rank -- --figures  the table into docs/figures.md
import { build } from "../scripts/build.mjs";
import { printTable, printTitle, runScript } from "../scripts/lib/output.mjs";
import { mixture } from "./data/mixture.mjs";
import { markdownTable, writeFigures } from "./figures.mjs";
import { formatNumber, isolateNextCall, measureTime, median } from "./timing.mjs";

const CATALOGUE_ITEMS = 20_000;
const RANKED_ITEMS = 500;
const HOT_CALLS = 300;
const ISOLATED_CALLS = 40;
const NOW = Date.UTC(2026, 0, 1);
const HOUR = 3_600_000;

await runScript(async () => {
  await build();
  const { Catalogue, openSage } = await import("pocketsage");
  const rows = [];
  for (const dim of [128, 256, 384]) {
    const vectors = mixture(CATALOGUE_ITEMS, dim, { seed: 1 });
    const ids = Array.from({ length: CATALOGUE_ITEMS }, (_, row) => `item-${row}`);
    const catalogue = await Catalogue.from(
      ids.map((id, row) => [id, vectors.subarray(row * dim, (row + 1) * dim)]),
      { dim },
    );
    const list = Array.from({ length: RANKED_ITEMS }, (_, row) => ids[(row * 7919) % ids.length]);
    for (const actions of [100, 1000]) {
      const sage = await openSage({ catalogue, now: () => NOW });
      await sage.record(
        Array.from({ length: actions }, (_, row) => ({
          item: ids[(row * 104_729) % ids.length],
          at: NOW - row * HOUR,
        })),
      );
      const timesOf = async (calls, isolated) => {
        const times = [];
        for (let call = 0; call < calls; call += 1) {
          if (isolated) await isolateNextCall();
          times.push((await measureTime(() => sage.rank(list))).wall);
        }
        return formatNumber(median(times));
      };
      const first = formatNumber((await measureTime(() => sage.rank(list))).wall);
      const hotTimes = await timesOf(HOT_CALLS, false);
      const isolated = await timesOf(ISOLATED_CALLS, true);
      rows.push([dim, formatNumber(actions), first, hotTimes, isolated]);
      await sage.close();
    }
    catalogue.close();
  }
  const table = [["dim", "actions", "first, with the profile", "hot", "isolated"], ...rows];
  printTitle(`rank() of ${RANKED_ITEMS} items, median ms`);
  printTable(table);
  if (process.argv.includes("--figures")) await writeFigures("rank", markdownTable(table));
});
