// The worker of worker.test.mjs: serves a sage, configured by its workerData.
import { parentPort, workerData } from "node:worker_threads";
import { memoryStore, openSage, serveSage } from "pocketsage";
import { NOW, smallCatalogue } from "./world.mjs";

const { late = 0, failures = 0, hang = false, reply = "catalogue" } = workerData ?? {};
let remainingFailures = failures;

if (late) await new Promise((resolve) => setTimeout(resolve, late));
parentPort.on("message", (message) => {
  if (message === "die") throw new Error("an uncaught error");
  if (message === "exit") process.exit(0);
});

const store = memoryStore();
serveSage(async () => {
  if (hang) await new Promise(() => {});
  if (remainingFailures-- > 0) throw new TypeError("not today", { cause: new Error("because") });
  const catalogue = await smallCatalogue();
  /** Never answers; reports its call and the abort of its signal to the page. */
  const silentRetriever = (_, signal) =>
    new Promise((_, reject) => {
      parentPort.postMessage("called");
      signal.addEventListener("abort", () => {
        parentPort.postMessage("aborted");
        reject(signal.reason);
      });
    });
  return openSage({
    catalogue,
    store,
    now: () => NOW,
    ...(reply === "silent" && { retriever: silentRetriever }),
  });
});
