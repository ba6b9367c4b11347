// Packs the npm tarball, and checks which files are in it.
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { runOrThrow } from "./run.mjs";
import { root } from "./versions.mjs";

const tarballFolder = join(root, "target", "npm");
const publishedDocuments = [
  ...["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md"],
  ...["RELEASE.md", "SECURITY.md", "LICENSE-APACHE", "LICENSE-MIT", "package.json"],
];
const requiredFiles = ["pkg/wasm/core_bg.wasm", "pkg/wasm/core.js", "pkg/emoji.sage"];
const publishedPatterns = [
  /^pkg\/.*\.(js|cjs|d\.c?ts|js\.map|d\.ts\.map|wasm|sage)$/,
  /^ts\/.*\.(ts|wat)$/, // the source maps point here
  /^docs\/([\w-]+\/)?[\w-]+\.(md|svg|webp)$/,
];

/**
 * Packs the built package. Resolves to `{ tarball, files, size }`: the path of the tarball, the
 * paths of the files in it, and its size in bytes.
 */
export async function pack() {
  await mkdir(tarballFolder, { recursive: true });
  const options = ["--json", "--ignore-scripts", "--pack-destination", tarballFolder];
  const { stdout } = await runOrThrow("npm", ["pack", ...options]);
  const [packed] = Object.values(JSON.parse(stdout));
  return {
    tarball: join(tarballFolder, packed.filename),
    files: packed.files.map((file) => file.path),
    size: packed.size,
  };
}

/** Complaints about a list of packed files: required files that are missing, unexpected files. */
export async function wrongFiles(files) {
  const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const entryPaths = [...stringsOf(manifest.exports), ...stringsOf(manifest.bin)].map((path) =>
    path.replace(/^\.\//, ""),
  );
  const packed = new Set(files);
  const missingFiles = [
    ...new Set([...entryPaths, ...publishedDocuments, ...requiredFiles]),
  ].filter((path) => !packed.has(path));
  const unexpectedFiles = files.filter(
    (path) =>
      !publishedDocuments.includes(path) &&
      !publishedPatterns.some((pattern) => pattern.test(path)),
  );
  return [
    ...missingFiles.map((path) => `missing: ${path}`),
    ...unexpectedFiles.map((path) => `does not belong: ${path}`),
  ];
}

/** All strings in a value of package.json, also those in nested objects. */
function stringsOf(value) {
  return typeof value === "string" ? [value] : Object.values(value).flatMap(stringsOf);
}
