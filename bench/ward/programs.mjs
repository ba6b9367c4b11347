// The programs that run the contestants: made on the first use, then one long-lived process each (or a fresh one, where that matters).
import { spawn } from "node:child_process";
import { copyFile, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fresh } from "../../scripts/lib/fresh.mjs";
import { ask, must } from "../../scripts/lib/run.mjs";
import { root, rust } from "../../scripts/lib/versions.mjs";

const here = import.meta.dirname;
const target = join(root, "target", "bench");
const venv = join(root, ".tools", "bench-venv");
const oneThread = { OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1", MKL_NUM_THREADS: "1" };

/** Runtime -> the command to start, made ready. Rejects with the reason why this machine cannot have it. */
const ready = {
  node: () => [process.execPath, join(here, "runner.mjs")],
  python: async () => [await python(), join(here, "peers.py")],
  native: async () => [await native()],
};

/** Makes what a contestant needs beyond the package. Resolves to its command. */
export async function prepare({ name, runtime }) {
  if (name === "kodama-wasm") await kodamaWasm();
  return await ready[runtime]();
}

/** Starts a program that answers requests: `{ request(what), close() }`. One request at a time. */
export function start([command, ...args]) {
  const child = spawn(command, args, {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, ...oneThread },
  });
  const gone = new Promise((resolve) => child.on("close", resolve).on("error", resolve));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async request(what) {
      child.stdin.write(`${JSON.stringify(what)}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`${command} ended while it ran ${what.contestant} on ${what.path}`);
      const answer = JSON.parse(value);
      if (answer.error !== undefined && answer.error !== null) throw new Error(answer.error);
      return answer;
    },
    async close() {
      child.stdin.end();
      await gone;
    },
  };
}

async function python() {
  const requirements = join(here, "requirements.txt");
  const stamp = join(venv, "installed.txt");
  const program = join(venv, "bin", "python");
  const wanted = await readFile(requirements, "utf8");
  if ((await readFile(stamp, "utf8").catch(() => "")) === wanted) return program;
  if (!(await ask("python3"))) throw new Error("python3 is not installed");
  await must("python3", ["-m", "venv", "--clear", venv]);
  await must(
    program,
    ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements],
    { minutes: 5 },
  );
  await copyFile(requirements, stamp);
  return program;
}

async function native() {
  const { stdout } = await must("cargo", [
    "bench",
    "--no-run",
    "--bench",
    "ward_contest",
    "--message-format",
    "json",
  ]);
  const messages = stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
  return messages.findLast(
    ({ executable, target: made }) => executable && made.name === "ward_contest",
  ).executable;
}

/** kodama with everything a compiler can do for it: simd128, and loops turned into vectors, which our own build forgoes for its size. */
async function kodamaWasm() {
  const folder = join(target, "kodama");
  if (
    await fresh(join(folder, "kodama_bg.wasm"), [
      "bench/ward/native/kodama",
      "Cargo.toml",
      "Cargo.lock",
    ])
  )
    return;
  const env = { CARGO_TARGET_DIR: target, RUSTFLAGS: "-Ctarget-feature=+simd128" };
  await must("cargo", ["build", "--release", "--example", "kodama", "--target", rust.target], {
    env,
  });
  const built = join(target, rust.target, "release", "examples", "kodama.wasm");
  await rm(folder, { recursive: true, force: true });
  await must("wasm-bindgen", [built, "--target", "web", "--no-typescript", "--out-dir", folder]);
  const wasm = join(folder, "kodama_bg.wasm");
  await must("wasm-opt", [wasm, "-o", wasm, "-O3", "--all-features"]);
}
