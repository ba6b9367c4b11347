// Comparison of build outputs with their inputs by modification time.
import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { root } from "./versions.mjs";

/**
 * Whether `output` exists and is newer than all inputs: files and folders, relative to the root.
 * The time of a folder itself counts, because it changes when a file in it is deleted.
 */
export async function isUpToDate(output, inputs) {
  if (!existsSync(output)) return false;
  const outputTime = (await stat(output)).mtimeMs;
  for (const path of inputs) {
    if (existsSync(join(root, path)) && (await newestTime(join(root, path))) > outputTime)
      return false;
  }
  return true;
}

/** The latest modification time of a file, or of a folder and everything in it. */
async function newestTime(path) {
  const ownStatus = await stat(path);
  if (!ownStatus.isDirectory()) return ownStatus.mtimeMs;
  const entries = await readdir(path, { recursive: true });
  const times = await Promise.all(
    entries.map(async (name) => (await stat(join(path, name))).mtimeMs),
  );
  return Math.max(ownStatus.mtimeMs, ...times);
}
