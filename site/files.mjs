// Files of a folder by extension.
import { readdir } from "node:fs/promises";
import { join } from "node:path";

/** Paths of the files below `folder`, relative to `root` with slashes, sorted. */
export async function filesBelow(root, folder, extension) {
  const entries = await readdir(join(root, folder), { recursive: true });
  return entries
    .filter((entry) => entry.endsWith(extension))
    .map((entry) => [folder, entry.replaceAll("\\", "/")].filter(Boolean).join("/"))
    .sort();
}
