// Python virtual environments under .tools/, each made once from a requirements file.
import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { probe, runOrThrow } from "./run.mjs";
import { root } from "./versions.mjs";

/**
 * Makes `.tools/NAME` hold exactly the packages of a requirements file, unless it does already.
 * Resolves to `{ python, seconds }`: the path of its interpreter and the installation time.
 * `pip` are more options of `pip install`. Rejects where Python or a package cannot be had.
 */
export async function pythonEnvironment(name, requirements, { minutes = 6, pip = [] } = {}) {
  const folder = join(root, ".tools", name);
  const python = join(folder, "bin", "python");
  const installed = join(folder, "installed.txt");
  const wanted = await readFile(requirements, "utf8");
  if ((await readFile(installed, "utf8").catch(() => "")) === wanted) return { python, seconds: 0 };
  if (!(await probe("python3"))) throw new Error("python3 is not installed");
  const start = Date.now();
  await runOrThrow("python3", ["-m", "venv", "--clear", folder]);
  const install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...pip];
  await runOrThrow(python, [...install, "-r", requirements], { minutes });
  await copyFile(requirements, installed);
  return { python, seconds: (Date.now() - start) / 1000 };
}
