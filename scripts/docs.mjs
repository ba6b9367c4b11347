// `npm run docs`: the documentation site into site/dist/, with the API reference and rustdoc. Runs
// the code in the documents, and checks the links. `npm run docs -- --build` only builds.

import { build } from "./build.mjs";
import { printTitle, Remedy, reportDone, reportFailure, runScript } from "./lib/output.mjs";
import { runOrThrow } from "./lib/run.mjs";
import { setup } from "./setup.mjs";

await runScript(async () => {
  const { env } = await setup({ browsers: ["chromium"] });
  Object.assign(process.env, env);
  await build();
  printTitle("Documentation");
  const rustdoc = await runOrThrow("cargo", ["doc", "--no-deps"]);
  reportDone("rustdoc", "", rustdoc.seconds);
  const { buildSite, siteFolder } = await import("../site/build.mjs");
  const { checkLinks } = await import("../site/links.mjs");
  const { pages, seconds } = await buildSite();
  reportDone("site", `${pages} pages in site/dist/`, seconds);
  const problems = [];
  const links = await checkLinks(siteFolder, process.env.DOCS_BASE);
  problems.push(...links.problems);
  report("links", `${links.links} checked`, links.problems);
  if (!process.argv.includes("--build")) {
    const { runAllDocuments } = await import("../site/snippets/run.mjs");
    const { counts, failures } = await runAllDocuments();
    const texts = Object.entries(counts).map(([name, count]) => `${count} ${name}`);
    report("code", texts.join(", "), failures);
    problems.push(...failures);
  }
  if (problems.length > 0) throw new Remedy(problems.join("\n"));
  console.log("\nTo see it: npx vite preview --outDir site/dist");
});

function report(name, detail, problems) {
  if (problems.length === 0) reportDone(name, detail);
  else reportFailure(name, `${detail}, ${problems.length} wrong`);
}
