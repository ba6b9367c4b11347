// The npm tarball, and which files belong in it.
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { runOrThrow } from "./run.mjs";
import { root } from "./versions.mjs";

const folder = join(root, "target", "npm");
const documents = ["CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "README.md", "package.json"];
const required = ["pkg/wasm/core_bg.wasm", "pkg/wasm/core.js", "pkg/emoji.sage"];
const generated = /^pkg\/.*(\.js|\.d\.ts|\.wasm|\.sage|\.map)$/;

/** Packs the built package: `{ tarball, files, size }`, its path, the paths inside, and its bytes. */
export async function pack() {
  await mkdir(folder, { recursive: true });
  const options = ["--json", "--ignore-scripts", "--pack-destination", folder];
  const { stdout } = await runOrThrow("npm", ["pack", ...options]);
  const [packed] = Object.values(JSON.parse(stdout));
  return {
    tarball: join(folder, packed.filename),
    files: packed.files.map((file) => file.path),
    size: packed.size,
  };
}

/** Complaints about a list of packed files: targets of package.json missing, unexpected files. */
export async function wrongFiles(files) {
  const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const targets = [...stringsOf(manifest.exports), ...stringsOf(manifest.bin)].map((path) =>
    path.replace(/^\.\//, ""),
  );
  const packed = new Set(files);
  const missing = [...new Set([...targets, ...documents, ...required])].filter(
    (path) => !packed.has(path),
  );
  const unexpected = files.filter((path) => !documents.includes(path) && !generated.test(path));
  return [
    ...missing.map((path) => `missing: ${path}`),
    ...unexpected.map((path) => `does not belong: ${path}`),
  ];
}

function stringsOf(value) {
  return typeof value === "string" ? [value] : Object.values(value).flatMap(stringsOf);
}
