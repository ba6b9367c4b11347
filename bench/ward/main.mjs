// `npm run bench:ward`: from embeddings to the whole Ward tree, PocketSage beside other libraries,
// in one interleaved run of about ten minutes. "Hot" calls follow each other; an "isolated" one
// follows 20 ms of idleness and a pass over 32 MB of other memory. Options narrow it:
//   npm run bench:ward -- --sizes 300,1000 --dims 256 --data mixture --only ours,scipy --quick
//   npm run --silent bench:ward -- --json    machine-readable, on standard output
//   npm run bench:ward -- --figures          a whole run; writes its table into docs/figures.md
// Every contestant reads the same f32 vectors and has one thread. All must find the same tree, or
// the bench fails. `ours` stops at the tree as they do; `cluster` also cuts it and finds the
// medoids, `buildProfile` also computes the importance of the interests.
import { cpus } from "node:os";
import { build } from "../../scripts/build.mjs";
import { printTitle, runScript } from "../../scripts/lib/output.mjs";
import { setup } from "../../scripts/setup.mjs";
import { wardOptions } from "../options.mjs";
import { measureWard } from "./measure.mjs";
import { printWard, writeWardFigures } from "./report.mjs";

await runScript(async () => {
  const options = wardOptions(process.argv.slice(2));
  if (options.json) console.log = console.error; // standard output carries the JSON only
  await setup();
  await build();
  printTitle("Ward");
  const report = {
    node: process.versions.node,
    cpu: cpus()[0].model,
    ...(await measureWard(options, (message) => console.error(`  ..    ${message}`))),
  };
  if (options.json) process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  else printWard(report);
  if (options.figures) await writeWardFigures(report);
});
