// Fuzzing of the Parquet reader, in a process that is ended when it does not answer.
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

const CHILD = fileURLToPath(new URL("parquet-child.mjs", import.meta.url));
/** Time for a mutated file; a valid one is never stopped by a busy machine. */
const DEADLINE_MS = 3000;
const VALID_DEADLINE_MS = 60_000;

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
  const restart = () => {
    child.kill("SIGKILL");
    start();
  };
  start();
  try {
    for (let run = 0; run < runs; run += 1) {
      const seed = firstSeed + run;
      const isMutated = run % 2 === 1;
      let outcome = await outcomeOf(child, { seed, isMutated }, DEADLINE_MS);
      if (outcome === "ended") restart();
      // After an error in one column the decoder goes on with the others, and may loop there.
      if (outcome === "ended" && !isMutated)
        outcome = await outcomeOf(child, { seed, isMutated }, VALID_DEADLINE_MS);
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
function outcomeOf(child, message, deadline) {
  return new Promise((resolve) => {
    const finish = (outcome) => {
      clearTimeout(timer);
      child.removeAllListeners();
      resolve(outcome);
    };
    const timer = setTimeout(() => finish("ended"), deadline);
    child.once("message", ({ outcome }) => finish(outcome));
    child.once("exit", () => finish("ended"));
    child.once("error", (error) => finish(error.message));
    child.send(message);
  });
}
