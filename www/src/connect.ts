/** Starts the worker, opens Sages in it, and calls its functions. */
import { connectSage, type ItemId, type Sage, SageError } from "pocketsage";
import type { CatalogueSource } from "./catalogues.js";
import {
  ALL_SUPPORTED,
  checkEmojiSupport,
  type EmojiSupport,
  supportedItems,
} from "./emoji-support.js";
import type { Item, Items } from "./items.js";
import type { FetchRecord } from "./network-log.js";
import type { WorkerMessage, WorkerRequest } from "./worker.js";
import type { WorkerCalls } from "./worker-calls.js";

export interface WorkerListener {
  onFetches(fetches: FetchRecord[]): void;
  /** The worker could not load the stored profile and continues with an empty one. */
  onProblem(code: string, message: string): void;
}

/** The arguments of a worker call, without the state that the worker adds. */
type CallArguments<K extends keyof WorkerCalls> =
  Parameters<WorkerCalls[K]> extends [unknown, ...infer Rest] ? Rest : never;

export interface WorkerClient {
  /** The items that can be shown. */
  items: Items;
  /** The items that cannot: no font of this device has their emoji. */
  excluded: readonly ItemId[];
  /** Opens the stored profile with other options. Sages that are open stay so until `close`. */
  open(halfLifeDays: number): Promise<Sage>;
  /** Calls a function of worker-calls.ts. */
  call<K extends keyof WorkerCalls>(
    name: K,
    ...args: CallArguments<K>
  ): Promise<Awaited<ReturnType<WorkerCalls[K]>>>;
}

/**
 * Resolves when the catalogue is loaded. Rejects with the worker's error, after ending the worker;
 * calling again starts a new worker.
 */
export async function connect(
  source: CatalogueSource,
  halfLifeDays: number,
  listener: WorkerListener,
): Promise<{ sage: Sage; client: WorkerClient }> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), {
    type: "module",
    name: "pocketsage",
  });
  const send = (request: WorkerRequest, transfer: Transferable[] = []): void =>
    worker.postMessage(request, transfer);
  const pendingCalls = new Map<number, PromiseWithResolvers<unknown>>();
  let callCount = 0;
  const allItems = new Map<ItemId, Item>();
  const { promise: receivedSupport, resolve: resolveSupport } = withResolvers<
    EmojiSupport | "unknown"
  >();

  worker.addEventListener("message", ({ data }: MessageEvent<WorkerMessage>) => {
    if (data.type === "items") {
      for (const item of data.items) allItems.set(item.id, item);
      if (data.support !== undefined) resolveSupport(data.support);
    } else if (data.type === "fetches") listener.onFetches(data.fetches);
    else if (data.type === "problem") listener.onProblem(data.code, data.message);
    else if (data.type === "answer") pendingCalls.get(data.call)?.resolve(data.value);
    else if (data.type === "failure")
      pendingCalls.get(data.call)?.reject(new SageError(data.code, data.message));
    if ("call" in data) pendingCalls.delete(data.call);
  });

  let latestSage: Sage | undefined;
  const open = async (halfLifeDays: number): Promise<Sage> => {
    const { port1, port2 } = new MessageChannel();
    const { url, storeName } = source;
    send({ type: "open", port: port2, url, storeName, halfLifeDays }, [port2]);
    latestSage = await connectSage(port1);
    return latestSage;
  };
  const call = (name: keyof WorkerCalls, ...args: unknown[]): Promise<unknown> => {
    const pending = withResolvers<unknown>();
    callCount += 1;
    pendingCalls.set(callCount, pending);
    send({ type: "call", call: callCount, name, args });
    // Only the connection of a Sage notices that the worker has ended: its calls reject then.
    latestSage?.hidden().catch(pending.reject);
    return pending.promise;
  };

  try {
    const sage = await open(halfLifeDays);
    const received = await receivedSupport;
    const support = received === "unknown" ? await checkEmojiSupport(allItems.values()) : received;
    const items = supportedItems(allItems, support ?? ALL_SUPPORTED);
    const { excluded } = support ?? ALL_SUPPORTED;
    return { sage, client: { items, excluded, open, call: call as WorkerClient["call"] } };
  } catch (error) {
    worker.terminate();
    throw error;
  }
}

interface PromiseWithResolvers<T> {
  promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

/** `Promise.withResolvers`, which browsers have since 2024 only. */
function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
