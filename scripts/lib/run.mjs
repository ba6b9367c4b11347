// Runs a command in its own process group, bounded in time, and stops the whole group when it is over or when we are stopped.
import { spawn } from "node:child_process";
import { delimiter, join } from "node:path";
import { Remedy } from "./say.mjs";
import { root } from "./versions.mjs";

const groups = new Set();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.once(signal, () => {
    for (const pid of groups) stop(pid);
    process.exit(130);
  });
}

/** The environment every command gets: our own tools first. */
function environment(extra = {}) {
  const tools = [join(root, ".tools", "bin"), join(root, "node_modules", ".bin")];
  return { ...process.env, PATH: [...tools, process.env.PATH].join(delimiter), ...extra };
}

/**
 * Resolves to `{ code, output, stdout, seconds, timedOut }`, where `output` is both streams; never rejects for a command that fails.
 * `show` streams the output as it comes; otherwise it is only collected. A command that does not exist has code 127.
 */
export function run(command, args = [], { cwd = root, env = {}, minutes = 20, show = false } = {}) {
  const begun = Date.now();
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
    if (child.pid) groups.add(child.pid);
    const timer = setTimeout(() => {
      timedOut = true;
      stop(child.pid);
    }, minutes * 60_000);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        output += text;
        if (stream === child.stdout) stdout += text;
        if (show) process.stdout.write(text);
      });
    }
    const end = (code) => {
      clearTimeout(timer);
      stop(child.pid); // whatever the command left behind in its group
      groups.delete(child.pid);
      resolve({ code, output, stdout, seconds: (Date.now() - begun) / 1000, timedOut });
    };
    child.on("error", (error) => {
      output += `${error.message}\n`;
      end(127);
    });
    child.on("exit", () => setTimeout(() => stop(child.pid), 1000).unref()); // a stray grandchild must not hold the pipes open
    child.on("close", (code) => end(timedOut ? 124 : (code ?? 1)));
  });
}

/** As `run`, but a command that fails is a Remedy carrying its whole output. */
export async function must(command, args, options = {}) {
  const result = await run(command, args, options);
  if (result.code === 0) return result;
  const why = result.timedOut
    ? `did not end within ${options.minutes ?? 20} minutes`
    : `ended with code ${result.code}`;
  throw new Remedy(`${options.show ? "" : result.output}\n${command} ${args.join(" ")}\n${why}.`);
}

/** The first line of a command's standard output, or undefined when it does not exist or fails. */
export async function ask(command, args = ["--version"]) {
  const { code, stdout } = await run(command, args, { minutes: 1 });
  return code === 0 ? stdout.trim().split("\n")[0] : undefined;
}

function stop(pid) {
  if (!pid) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // the group is already gone: that is what we wanted
  }
}
