// `npm run check`: static checks. All run, also after a failure.
//   npm run check -- clippy publint    only these
//   npm run check -- advisories        known vulnerabilities; only on request, needs the network
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "./build.mjs";
import { findLongFiles, findLongLines } from "./lib/long-lines.mjs";
import { printTitle, Remedy, reportDone, reportFailure, runScript } from "./lib/output.mjs";
import { pack, wrongFiles } from "./lib/package.mjs";
import { run } from "./lib/run.mjs";
import { importCycles, misplacedBindings } from "./lib/rust-modules.mjs";
import { cargoDeny, root, rust } from "./lib/versions.mjs";
import { installCargoTool, setup } from "./setup.mjs";

const clippyArguments = ["clippy", "--all-targets", "--quiet"];
// The benches are left out: they are native programs, not compiled to wasm.
const clippyWasmArguments = ["clippy", "--lib", "--tests", "--examples", "--quiet"];
const denyWarnings = ["--", "-D", "warnings"];
const exportsWithoutTypes = ["core.wasm", "xor.wasm", "emoji.sage"];
const npmLicences = new Set(
  "0BSD Apache-2.0 BSD-2-Clause BSD-3-Clause BlueOak-1.0.0 CC0-1.0 ISC MIT MIT-0 Unlicense".split(
    " ",
  ),
);
let packPromise;
const packOnce = () => (packPromise ??= pack());

/**
 * The checks by name. Each function resolves to its complaints as text, empty if there are none.
 */
const checks = {
  biome: () => runCheck("biome", ["check", "--error-on-warnings", "--max-diagnostics=50", "."]),
  lines: async () => [...(await findLongLines()), ...(await findLongFiles())].join("\n"),
  rustfmt: () => runCheck("cargo", ["fmt", "--check"]),
  clippy: () => runCheck("cargo", [...clippyArguments, ...denyWarnings]),
  "clippy-features": () =>
    runCheck("cargo", [...clippyArguments, "--all-features", ...denyWarnings]),
  "clippy-wasm": () =>
    runCheck("cargo", [...clippyWasmArguments, "--target", rust.target, ...denyWarnings]),
  "rust-modules": async () =>
    [
      ...(await importCycles()).map((cycle) => `import cycle: ${cycle.join(" -> ")}`),
      ...(await misplacedBindings()).map((file) => `${file}: bindings belong in src/wasm.rs`),
    ].join("\n"),
  rustdoc: () =>
    runCheck("cargo", ["doc", "--no-deps", "--quiet"], { RUSTDOCFLAGS: "-D warnings" }),
  tsc: () => runCheck("tsc", ["--project", "tsconfig.json", "--noEmit"]),
  "tsc-www": () => runCheck("tsc", ["--project", "www/tsconfig.json", "--noEmit"]),
  "tsc-edge": () => runCheck("tsc", ["--project", "edge/tsconfig.json"]),
  typedoc: () => runCheck("typedoc", ["--emit", "none", "--treatWarningsAsErrors"]),
  files: async () => (await wrongFiles((await packOnce()).files)).join("\n"),
  "crate-files": crateFileComplaints,
  publint: async () => runCheck("publint", ["run", (await packOnce()).tarball, "--strict"]),
  attw: async () => {
    const options = ["--profile", "node16", "--exclude-entrypoints", ...exportsWithoutTypes];
    return runCheck("attw", [(await packOnce()).tarball, ...options]);
  },
  knip: () => runCheck("knip", []),
  "unused-crates": unusedCrates,
  licences: async () =>
    (await denyCrates("licenses", "bans", "sources")) + (await npmLicenceComplaints()),
};

/** Checks that run only if the command line names them. */
const checksOnRequest = {
  advisories: async () =>
    (await denyCrates("advisories")) + (await runCheck("npm", ["audit", "--omit=dev"])),
};

await runScript(async () => {
  const names = process.argv.slice(2);
  const allChecks = { ...checks, ...checksOnRequest };
  const unknownNames = names.filter((name) => !(name in allChecks));
  if (unknownNames.length > 0)
    throw new Remedy(
      `Unknown check: ${unknownNames.join(", ")}. ` +
        `The checks are ${Object.keys(allChecks).join(", ")}.`,
    );
  await setup();
  await build();

  printTitle("Checks");
  const failedChecks = [];
  for (const name of names.length > 0 ? names : Object.keys(checks)) {
    const start = Date.now();
    const complaints = await allChecks[name]();
    const seconds = (Date.now() - start) / 1000;
    if (!complaints) {
      reportDone(name, "", seconds);
      continue;
    }
    reportFailure(name, "", seconds);
    console.log(complaints.replace(/^/gm, "        "));
    failedChecks.push(name);
  }
  if (failedChecks.length > 0)
    throw new Remedy(
      `Failed: ${failedChecks.join(", ")}. Only one: npm run check -- ${failedChecks[0]}`,
    );
  console.log("\nEvery check passed.");
});

async function runCheck(command, args, env = {}) {
  const { code, output } = await run(command, args, { env: { FORCE_COLOR: "0", ...env } });
  return code === 0 ? "" : output || `${command} ended with code ${code}`;
}

/**
 * Checks the crates of Cargo.lock against rules of deny.toml: licenses, bans, sources, advisories.
 */
async function denyCrates(...kinds) {
  await installCargoTool("cargo-deny", cargoDeny);
  return runCheck("cargo-deny", ["deny", "--log-level", "error", "check", ...kinds]);
}

/** Files that `cargo publish` would upload and that are no part of the crate. */
async function crateFileComplaints() {
  const { code, output, stdout } = await run("cargo", ["package", "--list", "--allow-dirty"]);
  if (code !== 0) return output;
  const belongs =
    /^(\.cargo_vcs_info\.json|Cargo\..+|(CRATE|CHANGELOG)\.md|LICENSE-\w+|(src|examples)\/.+\.rs)$/;
  const foreign = stdout.split("\n").filter((file) => file !== "" && !belongs.test(file));
  return foreign.map((file) => `does not belong: ${file}`).join("\n");
}

/**
 * npm packages that are installed with this package and whose licence is not in npmLicences.
 * Written by hand, because cargo-deny reads crates only, and these packages are few.
 */
async function npmLicenceComplaints() {
  const lock = JSON.parse(await readFile(join(root, "package-lock.json"), "utf8"));
  return Object.entries(lock.packages)
    .filter(([path, entry]) => path.startsWith("node_modules/") && !entry.dev && !entry.link)
    .filter(([, { license }]) => !npmLicences.has(license))
    .map(([path, { license }]) => `${path}: the licence ${license} is not in scripts/check.mjs\n`)
    .join("");
}

/**
 * Crates in Cargo.toml that no Rust file names. Written by hand: cargo-machete searches the same
 * way, takes a minute of CPU to install, and reports fuzz/ wrongly; cargo-shear needs a newer Rust
 * than ours.
 */
async function unusedCrates() {
  const { stdout } = await run("cargo", ["metadata", "--format-version", "1", "--no-deps"]);
  const [{ dependencies }] = JSON.parse(stdout).packages;
  const folders = ["src", "tests", "benches", "bench/ward/native"];
  const source = (await Promise.all(folders.map(readRustFiles))).join("\n");
  return dependencies
    .filter(({ name }) => !new RegExp(`\\b${name.replaceAll("-", "_")}\\b`).test(source))
    .map(({ name }) => `${name} is a dependency in Cargo.toml, and no Rust file names it`)
    .join("\n");
}

async function readRustFiles(folder) {
  const names = existsSync(join(root, folder))
    ? await readdir(join(root, folder), { recursive: true })
    : [];
  const contents = names
    .filter((name) => name.endsWith(".rs"))
    .map((name) => readFile(join(root, folder, name), "utf8"));
  return (await Promise.all(contents)).join("\n");
}
