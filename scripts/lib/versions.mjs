// Where the project is, and the versions of the tools it is built with. Numbers that another file already states are read from there.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/[/\\]$/, "");

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const cargo = readFileSync(join(root, "Cargo.toml"), "utf8");

export const node = { least: manifest.engines.node.replace(">=", "") };
export const rust = {
  least: find(/^rust-version = "([\d.]+)"/m),
  target: "wasm32-unknown-unknown",
};
/** The command-line tool must be the very version the crate is compiled against. */
export const wasmBindgen = find(/^wasm-bindgen = "=([\d.]+)"/m);
export const wasmPack = "0.15.1";
export const wasmOpt = manifest.devDependencies.binaryen.split(".")[0];

/** Is dotted version `have` at least `least`? */
export function atLeast(have, least) {
  const [a, b] = [have, least].map((version) => version.split(".").map(Number));
  for (let i = 0; i < b.length; i += 1) {
    if ((a[i] ?? 0) !== b[i]) return (a[i] ?? 0) > b[i];
  }
  return true;
}

function find(pattern) {
  const found = cargo.match(pattern);
  if (!found) throw new Error(`Cargo.toml has no line like ${pattern}`);
  return found[1];
}
