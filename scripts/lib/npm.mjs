// npm packages that one script needs, installed under .tools/, outside the project's own lock file.
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runOrThrow } from "./run.mjs";
import { root } from "./versions.mjs";

/**
 * Installs the packages of the package-lock.json in `sourceFolder` into .tools/NAME, unless they
 * are there. Resolves to `{ folder, seconds }`: the path of .tools/NAME and the installation time.
 * Install scripts do not run.
 */
export async function installPackages(name, sourceFolder) {
  const folder = join(root, ".tools", name);
  const installedLockPath = join(folder, "installed.json");
  const wantedLockFile = await readFile(join(sourceFolder, "package-lock.json"), "utf8");
  if ((await readFile(installedLockPath, "utf8").catch(() => "")) === wantedLockFile)
    return { folder, seconds: 0 };
  const start = Date.now();
  await cp(sourceFolder, folder, { recursive: true });
  // npm takes NODE_ENV=production as --omit=dev.
  const install = ["ci", "--include=dev", "--ignore-scripts", "--no-audit", "--no-fund"];
  await runOrThrow("npm", install, { cwd: folder, minutes: 15 });
  await writeFile(installedLockPath, wantedLockFile);
  return { folder, seconds: (Date.now() - start) / 1000 };
}
