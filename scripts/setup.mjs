// `npm run setup`: installs what a new machine lacks: Rust's wasm target, the npm packages,
// wasm-bindgen and wasm-pack under .tools/; with --browser also Chromium. Skips what is installed.
// Imports only modules of Node and of this repository, because it runs before `npm ci`.
import { existsSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { findChromedriver, findChromium } from "./lib/chromium.mjs";
import { printTitle, Remedy, reportDone, reportStart, runScript } from "./lib/output.mjs";
import { probe, runOrThrow } from "./lib/run.mjs";
import { isAtLeast, node, root, rust, wasmBindgen, wasmOpt, wasmPack } from "./lib/versions.mjs";

/**
 * Prepares the machine for the build; with `browser`, also for tests in Chromium. Resolves to
 * `{ path, driver, version }` of Chromium, or undefined without `browser`.
 */
export async function setup({ browser = false } = {}) {
  printTitle("Set-up");
  checkNode();
  await checkRust();
  await installWasmTarget();
  await installNpmPackages();
  await installCargoTool("wasm-bindgen", wasmBindgen, {
    crate: ["wasm-bindgen-cli", "--no-default-features"],
  });
  await installCargoTool("wasm-pack", wasmPack);
  await checkWasmOpt();
  return browser ? await installChromium() : undefined;
}

/**
 * Installs a command into .tools/bin/ by `cargo install`, unless it is there in this version.
 * `crate` is the name of the crate, if it differs from that of the command, and further options of
 * `cargo install`; `versionOption` are the arguments with which the command prints its version.
 */
export async function installCargoTool(
  name,
  version,
  { crate = [name, "--locked"], versionOption = ["--version"] } = {},
) {
  const installed = await probe(join(root, ".tools", "bin", name), versionOption);
  if (installed?.endsWith(` ${version}`)) return reportDone(name, version);
  reportStart(name, `cargo install ${version}: about two minutes, once`);
  const options = ["--version", version, "--debug", "--force", "--root", join(root, ".tools")];
  const { seconds } = await runOrThrow("cargo", ["install", ...crate, ...options], { minutes: 30 });
  reportDone(name, `${version} into .tools`, seconds);
}

function checkNode() {
  if (!isAtLeast(process.versions.node, node.minimum)) {
    throw new Remedy(
      `Node ${process.versions.node} is too old: install Node ${node.minimum} or newer, ` +
        "then run this again.",
    );
  }
  reportDone("node", process.versions.node);
}

async function checkRust() {
  const cargoBin = join(process.env.CARGO_HOME ?? join(homedir(), ".cargo"), "bin");
  if (existsSync(cargoBin)) process.env.PATH = [process.env.PATH, cargoBin].join(delimiter);
  const version = (await probe("rustc"))?.match(/\d+\.\d+\.\d+/)?.[0];
  if (!version || !(await probe("cargo"))) {
    throw new Remedy(
      "Rust is missing. Install it with rustup (https://rustup.rs: one command, no root needed), " +
        "then run this again.",
    );
  }
  if (!isAtLeast(version, rust.minimum)) {
    throw new Remedy(
      `Rust ${version} is too old, ${rust.minimum} is needed: run \`rustup update stable\`, ` +
        "then run this again.",
    );
  }
  if (!(await probe("cc"))) {
    throw new Remedy(
      "A C linker is missing: install build-essential (Debian), gcc (Fedora) or the Xcode " +
        "command line tools, then run this again.",
    );
  }
  reportDone("rust", version);
}

async function installWasmTarget() {
  const sysroot = await probe("rustc", ["--print", "sysroot"]);
  if (existsSync(join(sysroot, "lib", "rustlib", rust.target)))
    return reportDone("wasm target", rust.target);
  if (!(await probe("rustup"))) {
    throw new Remedy(
      `This Rust has no ${rust.target} and no rustup to add it. Install Rust with rustup ` +
        "(https://rustup.rs), then run this again.",
    );
  }
  const { seconds } = await runOrThrow("rustup", ["target", "add", rust.target]);
  reportDone("wasm target", `${rust.target} added`, seconds);
}

async function installNpmPackages() {
  const installed = join(root, "node_modules", ".package-lock.json"); // npm writes it last
  if (existsSync(installed) && isNewer(installed, join(root, "package-lock.json")))
    return reportDone("npm packages", "as locked");
  reportStart("npm packages", "npm ci");
  const { seconds } = await runOrThrow("npm", ["ci", "--no-audit", "--no-fund"]);
  reportDone("npm packages", "installed", seconds);
}

/** Without wasm-opt on the path, wasm-pack skips the optimisation silently. */
async function checkWasmOpt() {
  const installedVersion = await probe("wasm-opt");
  if (!installedVersion?.includes(`version ${wasmOpt}`)) {
    throw new Remedy(
      `wasm-opt ${wasmOpt} is missing (found: ${installedVersion ?? "none"}). It is a part of ` +
        "the npm package binaryen: run `npm ci`.",
    );
  }
  reportDone("wasm-opt", wasmOpt);
}

async function installChromium() {
  let browserAndDriver = await findMatchingPair();
  if (!browserAndDriver) {
    const packages = ["chromium", "chromium-driver", "fonts-noto-color-emoji"];
    if (process.getuid?.() !== 0 || !(await probe("apt-get"))) {
      throw new Remedy(
        "The browser tests need Chromium and the chromedriver of the same version. " +
          `Debian: sudo apt-get install ${packages.join(" ")}.\n` +
          "Elsewhere: set CHROMIUM_PATH and CHROMEDRIVER. " +
          "(`npm start` and `npm run build` work without.)",
      );
    }
    reportStart("chromium", `apt-get install ${packages.join(" ")}`);
    const nonInteractive = { env: { DEBIAN_FRONTEND: "noninteractive" } };
    const install = ["install", "-y", "--no-install-recommends", ...packages];
    await runOrThrow("apt-get", ["update"], nonInteractive);
    await runOrThrow("apt-get", install, nonInteractive);
    browserAndDriver = await findMatchingPair();
    if (!browserAndDriver)
      throw new Remedy(
        "Chromium and chromedriver were installed, but no two of one version run. Set " +
          "CHROMIUM_PATH and CHROMEDRIVER to a pair of the same version.",
      );
  }
  reportDone("chromium", browserAndDriver.version);
  return browserAndDriver;
}

/** `{ path, driver, version }` of a Chromium and a chromedriver of the same major version. */
async function findMatchingPair() {
  const [browser, driver] = [await findChromium(), await findChromedriver()];
  if (!browser || !driver || browser.version.split(".")[0] !== driver.version.split(".")[0])
    return undefined;
  return { path: browser.path, driver: driver.path, version: browser.version };
}

function isNewer(file, reference) {
  const slackMs = 5000; // `npm install` writes the two lock files a moment apart
  return statSync(file).mtimeMs + slackMs >= statSync(reference).mtimeMs;
}

if (process.argv[1] === import.meta.filename)
  await runScript(() => setup({ browser: process.argv.includes("--browser") }));
