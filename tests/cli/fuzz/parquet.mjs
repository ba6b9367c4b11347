// Fuzzing of the Parquet reader, in a process that is ended when it does not answer.
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

const CHILD = fileURLToPath(new URL("parquet-child.mjs", import.meta.url));
/** Time for one small file. */
const DEADLINE_MS = 3000;

/** Decodes `runs` files, every second one mutated. Throws with the seed of a failure. */
export async function fuzzParquet(runs, firstSeed = 1) {
  const counts = { equal: 0, read: 0, refused: 0, ended: 0 };
  let child;
  const start = () => {
    child = fork(CHILD, {
      execArgv: ["--max-old-space-size=512"],
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
  };
  start();
  try {
    for (let run = 0; run < runs; run += 1) {
      const seed = firstSeed + run;
      const isMutated = run % 2 === 1;
      const outcome = await outcomeOf(child, { seed, isMutated });
      if (outcome === "ended") {
        child.kill("SIGKILL");
        start();
      }
      const isExpected = isMutated
        ? ["read", "refused", "ended"].includes(outcome)
        : outcome === "equal";
      if (!isExpected) throw new Error(`parquet, seed ${seed}: ${outcome}`);
      counts[outcome] += 1;
    }
  } finally {
    child.kill("SIGKILL");
  }
  return counts;
}

/** The outcome; "ended" if the process ends or exceeds the deadline. */
function outcomeOf(child, message) {
  return new Promise((resolve) => {
    const finish = (outcome) => {
      clearTimeout(timer);
      child.removeAllListeners();
      resolve(outcome);
    };
    const timer = setTimeout(() => finish("ended"), DEADLINE_MS);
    child.once("message", ({ outcome }) => finish(outcome));
    child.once("exit", () => finish("ended"));
    child.once("error", (error) => finish(error.message));
    child.send(message);
  });
}
