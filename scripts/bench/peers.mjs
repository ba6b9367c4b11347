// The Python peers: a virtual environment under .tools/, made once, and one long-lived process that clusters on request.
import { spawn } from "node:child_process";
import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { ask, must } from "../lib/run.mjs";
import { root } from "../lib/versions.mjs";

const requirements = join(import.meta.dirname, "requirements.txt");
const venv = join(root, ".tools", "bench-venv");
const stamp = join(venv, "installed.txt");
const python = join(venv, "bin", "python");

/** Resolves to `{ cluster(peer, path, n, dim), close() }`, or rejects with the reason why this machine has no Python peers. */
export async function pythonPeers() {
  await install();
  const child = spawn(python, [join(import.meta.dirname, "peers.py")], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    /** `{ milliseconds, heights }` of one run; the heights are distances, ascending. */
    async cluster(peer, path, n, dim) {
      child.stdin.write(`${JSON.stringify({ peer, path, n, dim })}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`peers.py ended while it clustered ${n} x ${dim} with ${peer}`);
      return JSON.parse(value);
    },
    close: () => child.stdin.end(),
  };
}

async function install() {
  const wanted = await readFile(requirements, "utf8");
  if ((await readFile(stamp, "utf8").catch(() => "")) === wanted) return;
  if (!(await ask("python3"))) throw new Error("python3 is not installed");
  await must("python3", ["-m", "venv", "--clear", venv]);
  await must(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements], { minutes: 5 });
  await copyFile(requirements, stamp);
}
