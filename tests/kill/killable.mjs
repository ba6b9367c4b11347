// Runs a program in such a way that it can be killed with all its child processes.
import { chmod, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * An executable in `folder` that runs `program` in place of itself. `kill` ends it by SIGKILL, with
 * its process group if it leads one, as the programs that Playwright starts do.
 */
export async function makeKillable(folder, program) {
  const executable = join(folder, "run");
  const processIdFile = join(folder, "process-id");
  await writeFile(executable, `#!/bin/sh\necho $$ > '${processIdFile}'\nexec '${program}' "$@"\n`);
  await chmod(executable, 0o755);
  return {
    executable,
    async kill() {
      const processId = Number(await readFile(processIdFile, "utf8"));
      await rm(processIdFile);
      try {
        process.kill(-processId, "SIGKILL");
      } catch {
        process.kill(processId, "SIGKILL");
      }
    },
  };
}
