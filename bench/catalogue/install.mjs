// Installs the compared npm libraries into bench/catalogue/node_modules/, unless they are there.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { runOrThrow } from "../../scripts/lib/run.mjs";

export async function installPeers() {
  const cwd = import.meta.dirname;
  if (existsSync(join(cwd, "node_modules"))) return;
  const install = ["ci", "--no-audit", "--no-fund", "--ignore-scripts"];
  await runOrThrow("npm", install, { cwd, minutes: 10 });
}
