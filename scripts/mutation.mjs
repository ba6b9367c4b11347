// `npm run test:mutation`: changes the code in small ways, and reports the changes that no test
// detects ("survived"). Takes hours; not a part of CI.
//   npm run test:mutation -- typescript                         Stryker: ts/sage, catalogue, remote
//   npm run test:mutation -- rust                               cargo-mutants: see defaultRustFiles
//   npm run test:mutation -- ts/sage/journal.ts src/profile/cut.rs    only these files
//   npm run test:mutation -- --sample 20                a 20th: every 20th line, every 20th mutant
// Reports: target/mutation/. Stryker mutates the compiled pkg/, because the tests import it; its
// line numbers are those of pkg/**/*.js.
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "./build.mjs";
import { installPackages } from "./lib/npm.mjs";
import { printTitle, Remedy, reportDone, reportStart, runScript } from "./lib/output.mjs";
import { run } from "./lib/run.mjs";
import { cargoMutants, root } from "./lib/versions.mjs";
import { installCargoTool, setup } from "./setup.mjs";

/** Patterns of the files that cargo-mutants changes if the command line names no Rust file. */
const defaultRustFiles = [
  "src/profile/**/*.rs",
  "src/recommend/**/*.rs",
  "src/catalogue/{format,header,bytes}.rs",
];
const reportFolder = join(root, "target", "mutation");
const MAX_HOURS = 12; // of one tool

await runScript(async () => {
  const { sample, targets } = readArguments(process.argv.slice(2));
  const invalidTarget = targets.find(
    (word) => !/^(rust|typescript|ts\/.+\.ts|src\/.+\.rs)$/.test(word),
  );
  const missingFile = targets.find((word) => word.includes("/") && !existsSync(join(root, word)));
  if (invalidTarget ?? missingFile)
    throw new Remedy(
      `Saw "${invalidTarget ?? missingFile}", expected "rust", "typescript", or the path of a ` +
        "file in ts/ or src/, as in `npm run test:mutation -- ts/sage/journal.ts`.",
    );
  const [rustTargets, typescriptTargets] = [
    targets.filter((word) => word.startsWith("src/")),
    targets.filter((word) => word.startsWith("ts/")),
  ];
  const runsAll = targets.length === 0;
  await setup();
  await build();
  await mkdir(reportFolder, { recursive: true });
  const failed = [];
  if (runsAll || targets.includes("typescript") || typescriptTargets.length > 0)
    if (!(await mutateTypeScript(typescriptTargets, sample))) failed.push("typescript");
  if (runsAll || targets.includes("rust") || rustTargets.length > 0)
    if (!(await mutateRust(rustTargets.length > 0 ? rustTargets : defaultRustFiles, sample)))
      failed.push("rust");
  if (failed.length > 0)
    throw new Remedy(
      `The run failed: ${failed.join(", ")}. The tests must pass on the unchanged code: npm test.`,
    );
});

/** The value of `--sample`, 1 if it is absent, and the other arguments. */
function readArguments(words) {
  const option = words.indexOf("--sample");
  if (option < 0) return { sample: 1, targets: words };
  const sample = Number(words[option + 1]);
  if (!Number.isInteger(sample) || sample < 1)
    throw new Remedy(`Saw --sample ${words[option + 1]}, expected a whole number, as in 20.`);
  return { sample, targets: words.toSpliced(option, 2) };
}

/** Every `sample`-th line of the JavaScript files of `folders`, as Stryker's line ranges. */
async function sampleLines(folders, sample) {
  const ranges = [];
  let line = 0;
  for (const folder of folders) {
    const names = (await readdir(join(root, folder), { recursive: true })).sort();
    for (const name of names.filter((each) => each.endsWith(".js"))) {
      const path = `${folder}/${name}`;
      const lines = (await readFile(join(root, path), "utf8")).split("\n").length;
      for (let number = 1; number <= lines; number += 1, line += 1)
        if (line % sample === 0) ranges.push(`${path}:${number}-${number}`);
    }
  }
  return ranges;
}

/**
 * Resolves to whether Stryker ran. Without files, it mutates those of its configuration, or every
 * `sample`-th line of them.
 */
async function mutateTypeScript(files, sample) {
  printTitle("TypeScript: Stryker");
  reportStart("stryker", "installed once");
  const { folder, seconds } = await installPackages("mutation", join(root, "scripts", "mutation"));
  reportDone("stryker", "ready", seconds);
  const config = JSON.parse(
    await readFile(join(root, "scripts", "mutation", "stryker.config.json"), "utf8"),
  );
  if (files.length > 0)
    config.mutate = files.map((file) => file.replace(/^ts\//, "pkg/").replace(/\.ts$/, ".js"));
  else if (sample > 1)
    config.mutate = await sampleLines(
      config.mutate.map((pattern) => pattern.replace("/**/*.js", "")),
      sample,
    );
  const configFile = join(reportFolder, "stryker.config.json");
  await writeFile(configFile, JSON.stringify(config));
  const stryker = join(folder, "node_modules", "@stryker-mutator", "core", "bin", "stryker.js");
  const { code } = await run(process.execPath, [stryker, "run", configFile], {
    minutes: MAX_HOURS * 60,
    show: true,
  });
  return code === 0;
}

/** Resolves to whether cargo-mutants ran: code 2 is for surviving mutants, 3 for timeouts. */
async function mutateRust(files, sample) {
  printTitle("Rust: cargo-mutants");
  const versionOption = ["mutants", "--version"];
  await installCargoTool("cargo-mutants", cargoMutants, { versionOption });
  const options = ["--output", reportFolder, "--no-shuffle", "--jobs", "1", "--baseline", "run"];
  if (sample > 1) options.push("--shard", `0/${sample}`, "--sharding", "round-robin");
  const fileOptions = files.flatMap((file) => ["--file", file]);
  const { code } = await run("cargo-mutants", ["mutants", ...options, ...fileOptions], {
    minutes: MAX_HOURS * 60,
    show: true,
  });
  return [0, 2, 3].includes(code);
}
