// A Python virtual environment under .tools/, made once from a file of requirements.
import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ask, must } from "./run.mjs";
import { root } from "./versions.mjs";

/** Makes `.tools/name` hold what the file says; rejects where that cannot be. Resolves to the seconds it took. */
export async function venv(name, requirements, minutes = 6) {
  const folder = join(root, ".tools", name);
  const stamp = join(folder, "installed.txt");
  const wanted = await readFile(requirements, "utf8");
  if ((await readFile(stamp, "utf8").catch(() => "")) === wanted) return 0;
  if (!(await ask("python3"))) throw new Error("python3 is not installed");
  const begun = Date.now();
  await must("python3", ["-m", "venv", "--clear", folder]);
  await must(
    join(folder, "bin", "python"),
    ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements],
    { minutes },
  );
  await copyFile(requirements, stamp);
  return (Date.now() - begun) / 1000;
}
