// Everything a bare machine lacks: Rust's wasm target, the npm packages, wasm-bindgen and wasm-pack under .tools/, Chromium for the tests.
// Node's own modules only: this runs before `npm ci`. What is there already is left alone.
import { existsSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { findChromedriver, findChromium } from "./lib/chromium.mjs";
import { ask, must } from "./lib/run.mjs";
import { begin, done, Remedy, script, title } from "./lib/say.mjs";
import { atLeast, node, root, rust, wasmBindgen, wasmOpt, wasmPack } from "./lib/versions.mjs";

/** Makes the machine ready to build; with `browser`, also to test in Chromium. Resolves to the Chromium found, if one was asked for. */
export async function setup({ browser = false } = {}) {
  title("Set-up");
  checkNode();
  await checkRust();
  await wasmTarget();
  await npmPackages();
  await cargoTool(
    "wasm-bindgen",
    ["wasm-bindgen-cli", "--version", wasmBindgen, "--no-default-features"],
    wasmBindgen,
  );
  await cargoTool("wasm-pack", ["wasm-pack", "--version", wasmPack, "--locked"], wasmPack);
  await checkWasmOpt();
  return browser ? await chromium() : undefined;
}

function checkNode() {
  if (!atLeast(process.versions.node, node.least)) {
    throw new Remedy(
      `Node ${process.versions.node} is too old: install Node ${node.least} or newer, then run this again.`,
    );
  }
  done("node", process.versions.node);
}

async function checkRust() {
  const usual = join(process.env.CARGO_HOME ?? join(homedir(), ".cargo"), "bin");
  if (existsSync(usual)) process.env.PATH = [process.env.PATH, usual].join(delimiter);
  const found = (await ask("rustc"))?.match(/\d+\.\d+\.\d+/)?.[0];
  if (!found || !(await ask("cargo"))) {
    throw new Remedy(
      "Rust is missing. Install it with rustup (https://rustup.rs: one command, no root needed), then run this again.",
    );
  }
  if (!atLeast(found, rust.least)) {
    throw new Remedy(
      `Rust ${found} is too old, ${rust.least} is needed: run \`rustup update stable\`, then run this again.`,
    );
  }
  if (!(await ask("cc"))) {
    throw new Remedy(
      "A C linker is missing: install build-essential (Debian), gcc (Fedora) or the Xcode command line tools, then run this again.",
    );
  }
  done("rust", found);
}

async function wasmTarget() {
  const sysroot = await ask("rustc", ["--print", "sysroot"]);
  if (existsSync(join(sysroot, "lib", "rustlib", rust.target)))
    return done("wasm target", rust.target);
  if (!(await ask("rustup"))) {
    throw new Remedy(
      `This Rust has no ${rust.target} and no rustup to add it. Install Rust with rustup (https://rustup.rs), then run this again.`,
    );
  }
  const { seconds } = await must("rustup", ["target", "add", rust.target]);
  done("wasm target", `${rust.target} added`, seconds);
}

async function npmPackages() {
  const installed = join(root, "node_modules", ".package-lock.json"); // npm writes it last
  if (existsSync(installed) && newer(installed, join(root, "package-lock.json")))
    return done("npm packages", "as locked");
  begin("npm packages", "npm ci");
  const { seconds } = await must("npm", ["ci", "--no-audit", "--no-fund"]);
  done("npm packages", "installed", seconds);
}

async function cargoTool(name, what, version) {
  if ((await ask(join(root, ".tools", "bin", name)))?.endsWith(` ${version}`))
    return done(name, version);
  begin(name, `cargo install ${version}: about two minutes, once`);
  const { seconds } = await must(
    "cargo",
    ["install", ...what, "--debug", "--force", "--root", join(root, ".tools")],
    { minutes: 30 },
  );
  done(name, `${version} into .tools`, seconds);
}

/** Without wasm-opt on the path wasm-pack leaves the optimisation out and says nothing. */
async function checkWasmOpt() {
  const found = await ask("wasm-opt");
  if (!found?.includes(`version ${wasmOpt}`)) {
    throw new Remedy(
      `wasm-opt ${wasmOpt} is missing (found: ${found ?? "none"}): it comes with the npm package binaryen, run \`npm ci\`.`,
    );
  }
  done("wasm-opt", wasmOpt);
}

async function chromium() {
  let found = await matchingPair();
  if (!found) {
    const wanted = ["chromium", "chromium-driver", "fonts-noto-color-emoji"];
    if (process.getuid?.() !== 0 || !(await ask("apt-get"))) {
      throw new Remedy(
        `The browser tests need Chromium and the chromedriver of the same version. Debian: sudo apt-get install ${wanted.join(" ")}.\n` +
          "Elsewhere: set CHROMIUM_PATH and CHROMEDRIVER. (`npm start` and `npm run build` work without.)",
      );
    }
    begin("chromium", `apt-get install ${wanted.join(" ")}`);
    const quiet = { env: { DEBIAN_FRONTEND: "noninteractive" } };
    await must("apt-get", ["update"], quiet);
    await must("apt-get", ["install", "-y", "--no-install-recommends", ...wanted], quiet);
    found = await matchingPair();
    if (!found)
      throw new Remedy(
        "Chromium and chromedriver were installed, yet no pair of the same version answers --version.",
      );
  }
  done("chromium", found.version);
  return found;
}

async function matchingPair() {
  const [browser, driver] = [await findChromium(), await findChromedriver()];
  if (!browser || !driver || browser.version.split(".")[0] !== driver.version.split(".")[0])
    return undefined;
  return { path: browser.path, driver: driver.path, version: browser.version };
}

function newer(file, than) {
  const slack = 5000; // `npm install` writes the two lock files a moment apart
  return statSync(file).mtimeMs + slack >= statSync(than).mtimeMs;
}

if (process.argv[1] === import.meta.filename)
  await script(() => setup({ browser: process.argv.includes("--browser") }));
