// Target: the readers of Parquet and Arrow, in a process that is ended when it does not answer.
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const CHILD = fileURLToPath(new URL("../columnar-child.mjs", import.meta.url));
/** Time for a mutated file; a valid one is never stopped by a busy machine. */
const DEADLINE_MS = 3000;
const VALID_DEADLINE_MS = 60_000;

/**
 * The target of "parquet" or "arrow": random files are read back, mutated ones read, refused or
 * stopped ("ended").
 */
export function columnarTarget(format) {
  let child;
  const start = () => {
    child = fork(CHILD, [format], {
      execArgv: ["--max-old-space-size=512"],
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
  };
  const restart = () => {
    child.kill("SIGKILL");
    start();
  };
  start();
  return {
    async run(seed, isMutated) {
      // After an error in one column the decoder goes on with the others: it may loop there, or
      // exhaust its memory and end, after the answer and before the next message.
      if (!child.connected) restart();
      let outcome = await outcomeOf(child, { seed, isMutated }, DEADLINE_MS);
      if (outcome === "ended") restart();
      if (outcome === "ended" && !isMutated)
        outcome = await outcomeOf(child, { seed, isMutated }, VALID_DEADLINE_MS);
      if (!["equal", "read", "refused", "ended"].includes(outcome)) throw new Error(outcome);
      return outcome;
    },
    /** Ends the process, as a decoder that runs out of memory does. */
    async crash() {
      child.kill("SIGKILL");
      await once(child, "exit");
    },
    close: () => child.kill("SIGKILL"),
  };
}

/** The outcome; "ended" if the process ends, has ended, or exceeds the deadline. */
function outcomeOf(child, message, deadline) {
  return new Promise((resolve) => {
    const finish = (outcome) => {
      clearTimeout(timer);
      child.removeAllListeners();
      // A message that is under way when the process ends fails later.
      child.on("error", () => {});
      resolve(outcome);
    };
    const timer = setTimeout(() => finish("ended"), deadline);
    child.once("message", ({ outcome }) => finish(outcome));
    child.once("exit", () => finish("ended"));
    child.once("error", () => finish("ended"));
    child.send(message);
  });
}
