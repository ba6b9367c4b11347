// The project's folder, and the versions of the tools that build it. A version that another file
// states is read from that file.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/[/\\]$/, "");

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const cargoManifest = readFileSync(join(root, "Cargo.toml"), "utf8");

export const node = { minimum: manifest.engines.node.replace(">=", "") };
export const rust = {
  minimum: fromCargoManifest(/^rust-version = "([\d.]+)"/m),
  target: "wasm32-unknown-unknown",
};
/** The command-line tool must have exactly the version of the crate. */
export const wasmBindgen = fromCargoManifest(/^wasm-bindgen = "=([\d.]+)"/m);
export const wasmPack = "0.15.1";
export const wasmOpt = manifest.devDependencies.binaryen.split(".")[0];
export const cargoDeny = "0.20.2";
export const cargoMutants = "27.1.0";

/** Whether a dotted version is at least `minimum`. */
export function isAtLeast(version, minimum) {
  const [a, b] = [version, minimum].map((dotted) => dotted.split(".").map(Number));
  for (let i = 0; i < b.length; i += 1) {
    if ((a[i] ?? 0) !== b[i]) return (a[i] ?? 0) > b[i];
  }
  return true;
}

function fromCargoManifest(pattern) {
  const match = cargoManifest.match(pattern);
  if (!match) throw new Error(`Cargo.toml has no line that matches ${pattern}`);
  return match[1];
}
