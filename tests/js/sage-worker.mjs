// A worker of the tests: serves a sage as its workerData says.
import { parentPort, workerData } from "node:worker_threads";
import { memoryStore, openSage, serveSage } from "pocketsage";
import { NOW, smallCatalogue } from "./world.mjs";

const { late = 0, failures = 0, hang = false, reply = "catalogue" } = workerData ?? {};
let left = failures;

if (late) await new Promise((resolve) => setTimeout(resolve, late));
parentPort.on("message", (message) => {
  if (message === "die") throw new Error("an error nobody caught");
  if (message === "exit") process.exit(0);
});

const store = memoryStore();
serveSage(async () => {
  if (hang) await new Promise(() => {});
  if (left-- > 0) throw new TypeError("not today", { cause: new Error("because") });
  const catalogue = await smallCatalogue();
  /** Waits for its signal, and tells the page that it came. */
  const patient = (_, signal) =>
    new Promise((_, reject) => {
      parentPort.postMessage("asked");
      signal.addEventListener("abort", () => {
        parentPort.postMessage("aborted over there");
        reject(signal.reason);
      });
    });
  return openSage({
    catalogue,
    store,
    now: () => NOW,
    ...(reply === "patient" && { retriever: patient }),
  });
});
