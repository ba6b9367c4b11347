// `npm run docs`: the Rust core's documentation into target/doc/, the package's into docs/api/.
import { build } from "./build.mjs";
import { printTitle, reportDone, runScript } from "./lib/output.mjs";
import { runOrThrow } from "./lib/run.mjs";
import { setup } from "./setup.mjs";

await runScript(async () => {
  await setup();
  await build();
  printTitle("Documentation");
  const rustdoc = await runOrThrow("cargo", ["doc", "--no-deps"]);
  reportDone("rustdoc", "target/doc/pocketsage/index.html", rustdoc.seconds);
  const typedoc = await runOrThrow("typedoc", []);
  reportDone("typedoc", "docs/api/index.html", typedoc.seconds);
});
