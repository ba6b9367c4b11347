// Servers of the consumers on 127.0.0.1: a static one, and those that the tools start.
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join, normalize } from "node:path";
import { contentTypeOf, freePort, listen } from "../../../scripts/lib/http.mjs";
import { toolEnvironment } from "./workspace.mjs";

const START_TIMEOUT_MS = 120_000;

/** Serves a folder while `use(origin)` runs, and returns its result. */
export async function withStaticServer(folder, use) {
  const server = await listen(async (request, response) => {
    const { pathname } = new URL(request.url, "http://page");
    const file = join(folder, normalize(pathname.replace(/\/$/, "/index.html")));
    const bytes = await readFile(file).catch(() => undefined);
    const status = bytes ? 200 : pathname === "/favicon.ico" ? 204 : 404;
    response.writeHead(status, { "content-type": contentTypeOf(file) }).end(bytes);
  });
  try {
    return await use(server.origin);
  } finally {
    await server.close();
  }
}

/**
 * Starts a server by a command while `use(origin)` runs, and returns its result. `args(port)` are
 * the arguments. The whole process group is killed at the end.
 */
export async function withToolServer(project, command, args, use, env = {}) {
  const port = await freePort();
  const child = spawn(command, args(port), {
    cwd: project.folder,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...toolEnvironment, PORT: port, HOST: "127.0.0.1", ...env },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text) => (output += text));
  const kill = () => {
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // All processes of the group have ended.
    }
  };
  process.once("exit", kill);
  try {
    const origin = `http://127.0.0.1:${port}`;
    await waitUntilItAnswers(origin, child);
    return await use(origin);
  } catch (error) {
    error.message += `\nOutput of the server:\n${output.slice(-4000)}`;
    throw error;
  } finally {
    process.off("exit", kill);
    kill();
  }
}

async function waitUntilItAnswers(origin, child) {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    const answer = await fetch(origin, { signal: AbortSignal.timeout(60_000) }).catch(() => null);
    await answer?.body?.cancel();
    if (answer) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`the server did not answer within ${START_TIMEOUT_MS / 1000} seconds`);
}

/** The `ids` of a JSON response; throws an error with the text of any other answer. */
export async function fetchIds(url) {
  const response = await fetch(url, { signal: AbortSignal.timeout(60_000) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text.slice(0, 2000)}`);
  return JSON.parse(text).ids;
}
