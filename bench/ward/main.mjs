// `npm run bench:ward`: from embeddings to the whole Ward tree, ours beside everybody else's, in one interleaved run of about ten minutes.
//   npm run bench:ward -- --sizes 300,1000 --dims 256 --data mixture --only ours,fastcluster --quick    less of it
//   npm run --silent bench:ward -- --json    machine-readable, on standard output; everything else goes to standard error
//   npm run bench:ward -- --figures          a whole run, and its table into docs/figures.md
// Everybody gets the same f32 vectors and one thread. All must find the same tree, or the bench fails. Ours does more than the others: they
// stop at the tree, `cluster` also cuts it and finds the medoids, `buildProfile` also weighs the interests.
import { cpus } from "node:os";
import { wardOptions } from "../options.mjs";
import { printWard, writeWardFigures } from "./report.mjs";
import { measureWard } from "./measure.mjs";
import { build } from "../../scripts/build.mjs";
import { script, title } from "../../scripts/lib/say.mjs";
import { setup } from "../../scripts/setup.mjs";

await script(async () => {
  const options = wardOptions(process.argv.slice(2));
  if (options.json) console.log = console.error;
  await setup();
  await build();
  title("Ward");
  const report = {
    node: process.versions.node,
    cpu: cpus()[0].model,
    ...(await measureWard(options, (what) => console.error(`  ..    ${what}`))),
  };
  if (options.json) process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  else printWard(report);
  if (options.figures) await writeWardFigures(report);
});
