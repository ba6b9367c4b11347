// Comparison of build outputs with their inputs by modification time.
import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { root } from "./versions.mjs";

/**
 * Whether `output` exists and is newer than all inputs: files and folders, relative to the root.
 * A folder's own time counts, because it changes when a file is deleted.
 */
export async function isUpToDate(output, inputs) {
  if (!existsSync(output)) return false;
  const time = (await stat(output)).mtimeMs;
  for (const path of inputs) {
    if (existsSync(join(root, path)) && (await newestTime(join(root, path))) > time) return false;
  }
  return true;
}

async function newestTime(path) {
  const own = await stat(path);
  if (!own.isDirectory()) return own.mtimeMs;
  const entries = await readdir(path, { recursive: true });
  const times = await Promise.all(
    entries.map(async (name) => (await stat(join(path, name))).mtimeMs),
  );
  return Math.max(own.mtimeMs, ...times);
}
