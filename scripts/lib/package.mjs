// The tarball that would be published, and what belongs in it.
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { must } from "./run.mjs";
import { root } from "./versions.mjs";

const folder = join(root, "target", "npm");
const texts = ["CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "README.md", "package.json"];
const needed = ["pkg/wasm/core_bg.wasm", "pkg/wasm/core.js", "pkg/emoji.sage"];

/** Packs the built package: `{ tarball, files, size }`, the path of the .tgz, the paths inside it and its bytes. */
export async function pack() {
  await mkdir(folder, { recursive: true });
  const { stdout } = await must("npm", [
    "pack",
    "--json",
    "--ignore-scripts",
    "--pack-destination",
    folder,
  ]);
  const [packed] = Object.values(JSON.parse(stdout));
  return {
    tarball: join(folder, packed.filename),
    files: packed.files.map((file) => file.path),
    size: packed.size,
  };
}

/** What is wrong with a list of packed files: nothing missing that package.json points at, nothing there that is not published. */
export async function wrongFiles(files) {
  const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const pointed = [...targets(manifest.exports), ...targets(manifest.bin)].map((path) =>
    path.replace(/^\.\//, ""),
  );
  const have = new Set(files);
  const missing = [...new Set([...pointed, ...texts, ...needed])].filter((path) => !have.has(path));
  const odd = files.filter(
    (path) => !texts.includes(path) && !/^pkg\/.*(\.js|\.d\.ts|\.wasm|\.sage)$/.test(path),
  );
  return [
    ...missing.map((path) => `missing: ${path}`),
    ...odd.map((path) => `does not belong: ${path}`),
  ];
}

function targets(value) {
  return typeof value === "string" ? [value] : Object.values(value).flatMap(targets);
}
