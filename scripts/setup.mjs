// `npm run setup`: installs what a new machine lacks: Rust's wasm target, the npm packages,
// wasm-bindgen and wasm-pack under .tools/; with --browsers also Chromium and Firefox. Skips what
// is installed.
// Imports only modules of Node and of this repository, because it runs before `npm ci`.
import { existsSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { findChromedriver, findChromium, findFirefox } from "./lib/find-browsers.mjs";
import { printTitle, Remedy, reportDone, reportStart, runScript } from "./lib/output.mjs";
import { probe, runOrThrow } from "./lib/run.mjs";
import { isAtLeast, node, root, rust, wasmBindgen, wasmOpt, wasmPack } from "./lib/versions.mjs";

/** The browsers of the tests, as `setup` takes their names. */
const browsers = {
  chromium: {
    packages: ["chromium", "chromium-driver", "fonts-noto-color-emoji"],
    missing: "Chromium and the chromedriver of the same version",
    variables: "CHROMIUM_PATH and CHROMEDRIVER",
    /** A Chromium and a chromedriver of the same major version. */
    async find() {
      const [browser, driver] = [await findChromium(), await findChromedriver()];
      const majorOf = ({ version }) => version.split(".")[0];
      if (!browser || !driver || majorOf(browser) !== majorOf(driver)) return undefined;
      const { path, version } = browser;
      return { version, env: { CHROMIUM_PATH: path, CHROMEDRIVER: driver.path } };
    },
  },
  firefox: {
    packages: ["firefox-esr"],
    missing: "Firefox",
    variables: "FIREFOX_PATH",
    async find() {
      const browser = await findFirefox();
      return browser && { version: browser.version, env: { FIREFOX_PATH: browser.path } };
    },
  },
};

/**
 * Prepares the machine for the build, and for tests in `needed`, names of browsers: "chromium",
 * "firefox". Resolves to `{ versions, env }`: the version of each browser by its name, and the
 * environment variables with which tests and drivers find the browsers.
 */
export async function setup({ browsers: needed = [] } = {}) {
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
  return installBrowsers([...needed]);
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
  const { seconds } = await runOrThrow("npm", ["ci", "--include=dev", "--no-audit", "--no-fund"]);
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

async function installBrowsers(names) {
  const foundBrowsers = await findBrowsers(names);
  const missingNames = names.filter((name) => !foundBrowsers[name]);
  if (missingNames.length > 0) {
    const missingBrowsers = missingNames.map((name) => browsers[name]);
    const packages = missingBrowsers.flatMap((browser) => browser.packages);
    const variables = missingBrowsers.map((browser) => browser.variables).join(" and ");
    if (process.getuid?.() !== 0 || !(await probe("apt-get"))) {
      throw new Remedy(
        `The browser tests need ${missingBrowsers.map(({ missing }) => missing).join(", and ")}. ` +
          `Debian: sudo apt-get install ${packages.join(" ")}.\n` +
          `Elsewhere: set ${variables}. (\`npm start\` and \`npm run build\` work without.)`,
      );
    }
    reportStart(missingNames.join(", "), `apt-get install ${packages.join(" ")}`);
    const nonInteractive = { env: { DEBIAN_FRONTEND: "noninteractive" } };
    const install = ["install", "-y", "--no-install-recommends", ...packages];
    await runOrThrow("apt-get", ["update"], nonInteractive);
    await runOrThrow("apt-get", install, nonInteractive);
    Object.assign(foundBrowsers, await findBrowsers(missingNames));
    const failed = missingNames
      .filter((name) => !foundBrowsers[name])
      .map((name) => browsers[name]);
    if (failed.length > 0) {
      throw new Remedy(
        `${failed.map(({ missing }) => missing).join(", and ")}: installed, but not found or ` +
          `not of one version. Set ${failed.map((browser) => browser.variables).join(" and ")}.`,
      );
    }
  }
  for (const name of names) reportDone(name, foundBrowsers[name].version);
  const entries = names.map((name) => [name, foundBrowsers[name].version]);
  return {
    versions: Object.fromEntries(entries),
    env: Object.assign({}, ...names.map((name) => foundBrowsers[name].env)),
  };
}

/** The installed browsers of these names: `{ version, env }` or undefined by name. */
async function findBrowsers(names) {
  const entries = await Promise.all(names.map(async (name) => [name, await browsers[name].find()]));
  return Object.fromEntries(entries);
}

function isNewer(file, reference) {
  const slackMs = 5000; // `npm install` writes the two lock files a moment apart
  return statSync(file).mtimeMs + slackMs >= statSync(reference).mtimeMs;
}

if (process.argv[1] === import.meta.filename)
  await runScript(() =>
    setup({ browsers: process.argv.includes("--browsers") ? Object.keys(browsers) : [] }),
  );
