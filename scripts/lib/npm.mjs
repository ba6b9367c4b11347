// npm packages that one script needs, installed under .tools/, outside the project's own lock file.
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runOrThrow } from "./run.mjs";
import { root } from "./versions.mjs";

/**
 * Makes `.tools/NAME` hold the packages of a folder's package-lock.json, unless it does already.
 * Resolves to `{ folder, seconds }`. Install scripts do not run.
 */
export async function installPackages(name, from) {
  const folder = join(root, ".tools", name);
  const installed = join(folder, "installed.json");
  const wanted = await readFile(join(from, "package-lock.json"), "utf8");
  if ((await readFile(installed, "utf8").catch(() => "")) === wanted) return { folder, seconds: 0 };
  const start = Date.now();
  await cp(from, folder, { recursive: true });
  const install = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
  await runOrThrow("npm", install, { cwd: folder, minutes: 5 });
  await writeFile(installed, wanted);
  return { folder, seconds: (Date.now() - start) / 1000 };
}
