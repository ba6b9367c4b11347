// Builds and starts the programs that run the contestants. A program serves requests as one
// long-lived process, or as a fresh one if memory or a first call is measured.
import { spawn } from "node:child_process";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pythonEnvironment } from "../../scripts/lib/python.mjs";
import { runOrThrow } from "../../scripts/lib/run.mjs";
import { isUpToDate } from "../../scripts/lib/up-to-date.mjs";
import { root, rust } from "../../scripts/lib/versions.mjs";

const wardFolder = import.meta.dirname;
const targetFolder = join(root, "target", "bench");
const oneThreadEnvironment = {
  OMP_NUM_THREADS: "1",
  OPENBLAS_NUM_THREADS: "1",
  MKL_NUM_THREADS: "1",
};

/** By runtime: a function that builds the program and resolves to its command line. */
const programBuilders = {
  node: () => [process.execPath, join(wardFolder, "runner.mjs")],
  python: async () => {
    const { python } = await pythonEnvironment("bench-venv", join(wardFolder, "requirements.txt"));
    return [python, join(wardFolder, "peers.py")];
  },
  native: async () => [await buildNativeProgram()],
};

/**
 * Builds what a contestant needs beyond the package, and resolves to the command of its program.
 */
export async function prepareProgram({ name, runtime }) {
  if (name === "kodama-wasm") await buildKodamaWasm();
  return await programBuilders[runtime]();
}

/** Starts a program. Returns `{ request(message), close() }`; requests must not overlap. */
export function startProgram([command, ...args]) {
  const child = spawn(command, args, {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, ...oneThreadEnvironment },
  });
  const closePromise = new Promise((resolve) => child.on("close", resolve).on("error", resolve));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async request(message) {
      child.stdin.write(`${JSON.stringify(message)}\n`);
      const { value, done } = await lines.next();
      if (done)
        throw new Error(`${command} ended while it ran ${message.contestant} on ${message.path}`);
      const reply = JSON.parse(value);
      if (reply.error !== undefined && reply.error !== null) throw new Error(reply.error);
      return reply;
    },
    async close() {
      child.stdin.end();
      await closePromise;
    },
  };
}

/** Compiles native/main.rs and resolves to the path of the executable. */
async function buildNativeProgram() {
  const name = "ward_contest";
  const buildArguments = ["bench", "--no-run", "--bench", name, "--message-format", "json"];
  const { stdout } = await runOrThrow("cargo", buildArguments);
  const messages = stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
  return messages.findLast((message) => message.executable && message.target.name === name)
    .executable;
}

/**
 * Compiles kodama for its fastest wasm: simd128 and loop vectorisation, which our own build forgoes
 * for its size (.cargo/config.toml).
 */
async function buildKodamaWasm() {
  const folder = join(targetFolder, "kodama");
  const wasm = join(folder, "kodama_bg.wasm");
  if (await isUpToDate(wasm, ["bench/ward/native/kodama", "Cargo.toml", "Cargo.lock"])) return;
  const env = { CARGO_TARGET_DIR: targetFolder, RUSTFLAGS: "-Ctarget-feature=+simd128" };
  const buildArguments = ["build", "--release", "--example", "kodama", "--target", rust.target];
  await runOrThrow("cargo", buildArguments, { env });
  const builtWasm = join(targetFolder, rust.target, "release", "examples", "kodama.wasm");
  await rm(folder, { recursive: true, force: true });
  const bindgenArguments = ["--target", "web", "--no-typescript", "--out-dir", folder];
  await runOrThrow("wasm-bindgen", [builtWasm, ...bindgenArguments]);
  await runOrThrow("wasm-opt", [wasm, "-o", wasm, "-O3", "--all-features"]);
}
