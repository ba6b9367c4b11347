// Test servers: processes on free ports of 127.0.0.1, stopped by their process ids.
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const tools = fileURLToPath(new URL("../../../.tools/", import.meta.url));
/** The Python environments of the servers, installed by scripts/remote.mjs. */
export const environment = join(tools, "remote-venv");
export const milvusEnvironment = join(tools, "milvus-venv");

/** The official clients, installed by scripts/remote.mjs. */
export const clients = join(tools, "contract-clients");

/** A new temporary folder: `{ path, remove }`. */
export async function scratch(name) {
  const path = await mkdtemp(join(tmpdir(), `pocketsage-${name}-`));
  return {
    path,
    remove: () => rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }),
  };
}

/**
 * Starts a program and resolves to `{ pid, stop, output }` when `ready` does. If the program ends
 * before, the error contains its output.
 */
export async function start(
  command,
  args,
  { ready, seconds = 60, signal = "SIGTERM", ...options },
) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (text) => (output = `${output}${text}`.slice(-4000)));
  let ended;
  const exit = new Promise((resolve) => {
    child.on("error", (error) => resolve((ended = error.message)));
    child.on("exit", (code, killedBy) => resolve((ended = `ended with ${code ?? killedBy}`)));
  });
  const stop = async (stopSignal = signal) => {
    if (ended) return;
    child.kill(stopSignal);
    const timer = setTimeout(() => child.kill("SIGKILL"), 15_000);
    await exit;
    clearTimeout(timer);
  };
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    if (ended) throw new Error(`${command} ${ended}\n${output}`);
    if (await ready().catch(() => false)) return { pid: child.pid, stop, output: () => output };
    if (Date.now() > deadline) {
      await stop("SIGKILL");
      throw new Error(`${command} was not ready after ${seconds} s\n${output}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
}
