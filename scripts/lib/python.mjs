// Python virtual environments under .tools/, each made once from a requirements file.
import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { probe, runOrThrow } from "./run.mjs";
import { root } from "./versions.mjs";

/**
 * Installs exactly the packages of a requirements file into .tools/NAME, unless they are there.
 * Resolves to `{ python, seconds }`: the path of the interpreter and the installation time.
 * `pipOptions` are further options of `pip install`. Rejects if Python or a package is unavailable.
 */
export async function pythonEnvironment(name, requirements, { minutes = 6, pipOptions = [] } = {}) {
  const folder = join(root, ".tools", name);
  const python = join(folder, "bin", "python");
  const installedRequirementsPath = join(folder, "installed.txt");
  const wantedRequirements = await readFile(requirements, "utf8");
  if ((await readFile(installedRequirementsPath, "utf8").catch(() => "")) === wantedRequirements)
    return { python, seconds: 0 };
  if (!(await probe("python3"))) throw new Error("python3 is not installed");
  const start = Date.now();
  await runOrThrow("python3", ["-m", "venv", "--clear", folder]);
  const install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...pipOptions];
  await runOrThrow(python, [...install, "-r", requirements], { minutes });
  await copyFile(requirements, installedRequirementsPath);
  return { python, seconds: (Date.now() - start) / 1000 };
}
