// The npm tarball, and which files belong in it.
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { runOrThrow } from "./run.mjs";
import { root } from "./versions.mjs";

const folder = join(root, "target", "npm");
const documents = [
  ...["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md"],
  ...["RELEASE.md", "SECURITY.md", "LICENSE-APACHE", "LICENSE-MIT", "package.json"],
];
const required = ["pkg/wasm/core_bg.wasm", "pkg/wasm/core.js", "pkg/emoji.sage"];
const published = [
  /^pkg\/.*\.(js|d\.ts|js\.map|d\.ts\.map|wasm|sage)$/,
  /^ts\/.*\.ts$/, // the source maps point here
  /^docs\/(decisions\/)?[\w-]+\.md$/,
];

/**
 * Packs the built package: `{ tarball, files, size }`, its path, the paths inside, and its bytes.
 */
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
  const unexpected = files.filter(
    (path) => !documents.includes(path) && !published.some((pattern) => pattern.test(path)),
  );
  return [
    ...missing.map((path) => `missing: ${path}`),
    ...unexpected.map((path) => `does not belong: ${path}`),
  ];
}

function stringsOf(value) {
  return typeof value === "string" ? [value] : Object.values(value).flatMap(stringsOf);
}
