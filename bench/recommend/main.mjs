// `npm run bench:recommend`: from actions to 20 recommendations, beside the average of the last ten
// actions searched in hnswlib-wasm. Catalogue: 20,000 x 256; histories: 100 and 1,000 actions.
//   npm run bench:recommend -- --json     machine-readable; measures pkg/ without building it
//   npm run bench:recommend -- --figures  the table into docs/figures.md
// CPU time per call, median; "isolated" calls follow 20 ms of idleness and a pass over 32 MB of
// other memory, "hot" ones each other.
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { build } from "../../scripts/build.mjs";
import { printTable, printTitle, runScript } from "../../scripts/lib/output.mjs";
import { setup } from "../../scripts/setup.mjs";
import { installPeers } from "../catalogue/install.mjs";
import { topicDataSet } from "../data/catalogue-sets.mjs";
import { markdownTable, writeFigures } from "../figures.mjs";
import { formatNumber } from "../timing.mjs";
import { measureRecommend } from "./measure.mjs";

const HISTORY_LENGTHS = [100, 1000];
const ITEMS = 20_000;

await runScript(async () => {
  const flag = { type: "boolean", default: false };
  const { values } = parseArgs({ options: { json: flag, figures: flag } });
  if (!values.json) {
    await setup();
    await build();
  }
  await installPeers();
  const { hnswlib } = await import("../catalogue/peers.mjs"); // its imports exist only now
  const results = await measureRecommend(topicDataSet(ITEMS), HISTORY_LENGTHS, hnswlib);
  if (values.json) {
    console.log(JSON.stringify({ cpu: cpus()[0].model, node: process.versions.node, results }));
    return;
  }
  const rows = [
    ["ms per call", "actions", "hot", "isolated"],
    ...results.map(({ name, actions, hot, isolated }) => [
      name,
      formatNumber(actions),
      formatNumber(hot),
      formatNumber(isolated),
    ]),
  ];
  printTitle(`20 recommendations of ${formatNumber(ITEMS)} x 256, median CPU time`);
  printTable(rows);
  if (values.figures) await writeFigures("recommend", markdownTable(rows));
});
