// Is something that was made newer than everything it is made of?
import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { root } from "./versions.mjs";

/** `made` exists and is newer than the files and folders named (paths in the project; a folder's own time counts: files may vanish). */
export async function fresh(made, from) {
  if (!existsSync(made)) return false;
  const time = (await stat(made)).mtimeMs;
  for (const path of from) {
    if (existsSync(join(root, path)) && (await newest(join(root, path))) > time) return false;
  }
  return true;
}

async function newest(path) {
  const own = await stat(path);
  if (!own.isDirectory()) return own.mtimeMs;
  const inside = await readdir(path, { recursive: true });
  const times = await Promise.all(
    inside.map(async (name) => (await stat(join(path, name))).mtimeMs),
  );
  return Math.max(own.mtimeMs, ...times);
}
