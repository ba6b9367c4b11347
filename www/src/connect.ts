/** Starts the worker and connects to the Sage that runs in it. */
import { connectSage, type Sage } from "pocketsage";
import type { Item, Items } from "./items.js";
import type { FetchRecord } from "./network-log.js";
import type { WorkerMessage } from "./worker.js";

export interface WorkerListener {
  onFetches(fetches: FetchRecord[]): void;
  /** The worker could not load the stored profile and continues with an empty one. */
  onProblem(code: string, message: string): void;
}

/**
 * Resolves when the catalogue is loaded. Rejects with the worker's error, after ending the worker;
 * calling again starts a new worker.
 */
export async function connect(listener: WorkerListener): Promise<{ sage: Sage; items: Items }> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), {
    type: "module",
    name: "pocketsage",
  });
  const items = receiveItems(worker, listener);
  try {
    const sage = await connectSage(worker);
    return { sage, items: new Map((await items).map((item) => [item.id, item])) };
  } catch (error) {
    worker.terminate();
    throw error;
  }
}

/** Resolves with the items; passes every other message of the worker on to the listener. */
function receiveItems(worker: Worker, listener: WorkerListener): Promise<Item[]> {
  return new Promise((resolve) => {
    worker.addEventListener("message", ({ data }: MessageEvent<WorkerMessage>) => {
      // `connectSage` receives messages of other types on the same port.
      if (data.type === "items") resolve(data.items);
      else if (data.type === "fetches") listener.onFetches(data.fetches);
      else if (data.type === "problem") listener.onProblem(data.code, data.message);
    });
  });
}
