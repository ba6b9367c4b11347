// Runs commands, each in its own process group and with a time limit. The whole group is killed at
// the end of the command, and when this process is stopped.
import { spawn } from "node:child_process";
import { delimiter, join } from "node:path";
import { Remedy } from "./output.mjs";
import { root } from "./versions.mjs";

/**
 * The flag by which Node imports the modules in pkg/ instead of their bundle, pkg/node/: for
 * programs that also import parts of the package, which would otherwise exist twice.
 */
export const MODULES_FLAG = "--conditions=module";

/** Process ids of the leaders of all running process groups. */
const processGroups = new Set();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.once(signal, () => {
    for (const pid of processGroups) killGroup(pid);
    process.exit(130);
  });
}

/**
 * Vite sets NODE_ENV=production in the process that calls it; commands get the value from before.
 */
const { NODE_ENV } = process.env;

/** The environment variables of every command; the project's own tools come first on the path. */
function environment(extra = {}) {
  const tools = [join(root, ".tools", "bin"), join(root, "node_modules", ".bin")];
  return { ...process.env, NODE_ENV, PATH: [...tools, process.env.PATH].join(delimiter), ...extra };
}

/**
 * Resolves to `{ code, output, stdout, seconds, timedOut }`, where `output` is both streams; does
 * not reject if the command fails. With `show`, output is printed as it arrives. The code is 127
 * for a missing command, 124 after `minutes`.
 */
export function run(command, args = [], { cwd = root, env = {}, minutes = 20, show = false } = {}) {
  const start = Date.now();
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: environment(env),
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    let stdout = "";
    let timedOut = false;
    if (child.pid) processGroups.add(child.pid);
    const timer = setTimeout(() => {
      timedOut = true;
      killGroup(child.pid);
    }, minutes * 60_000);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        output += text;
        if (stream === child.stdout) stdout += text;
        if (show) process.stdout.write(text);
      });
    }
    const finish = (code) => {
      clearTimeout(timer);
      killGroup(child.pid);
      processGroups.delete(child.pid);
      resolve({ code, output, stdout, seconds: (Date.now() - start) / 1000, timedOut });
    };
    child.on("error", (error) => {
      output += `${error.message}\n`;
      finish(127);
    });
    // A stray grandchild holds the pipes open, and "close" waits for them: kill it after a second.
    child.on("exit", () => setTimeout(() => killGroup(child.pid), 1000).unref());
    child.on("close", (code) => finish(timedOut ? 124 : (code ?? 1)));
  });
}

/** Like `run`, but rejects with a Remedy that has the whole output if the command fails. */
export async function runOrThrow(command, args, options = {}) {
  const result = await run(command, args, options);
  if (result.code === 0) return result;
  const why = result.timedOut
    ? `did not end within ${options.minutes ?? 20} minutes`
    : `ended with code ${result.code}`;
  throw new Remedy(`${options.show ? "" : result.output}\n${command} ${args.join(" ")}\n${why}.`);
}

/** The first line of a command's standard output; undefined if the command is missing or fails. */
export async function probe(command, args = ["--version"]) {
  const { code, stdout } = await run(command, args, { minutes: 1 });
  return code === 0 ? stdout.trim().split("\n")[0] : undefined;
}

function killGroup(pid) {
  if (!pid) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // All processes of the group have ended.
  }
}
