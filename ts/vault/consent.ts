/** `consentGate`: nothing is stored or sent without consent; withdrawing erases. */
import { asSageError, SageError } from "../errors.js";
import type { Retriever } from "../retriever.js";
import type { Sage } from "../sage/types.js";
import { checkStore, type Segments, type Store, withSegments } from "../store/store.js";
import {
  checkAbort,
  checkBoolean,
  checkFunction,
  checkKeys,
  checkMethods,
  unexpected,
} from "../values/check.js";
import type { ConsentGate, ConsentOptions } from "./types.js";

/**
 * A gate for one user: stores and retrievers that work only while consent is given. The caller asks
 * for consent, and keeps the answer; the gate notifies other tabs when it is withdrawn.
 *
 * Without consent, guarded stores and retrievers and `open` reject with code "aborted" before they
 * call anything; only `clear` of a store works. Throws "option" for an invalid option.
 */
export function consentGate(options: ConsentOptions): ConsentGate {
  checkKeys("consentGate", options, ["given", "name"]);
  const { given, name = "default" } = options;
  checkBoolean("consentGate: given", given);
  if (typeof name !== "string") throw unexpected("consentGate: name", "a string", name);
  let controller = new AbortController();
  if (!given) controller.abort();
  const stores = new Set<Store>();
  const sages = new Set<Sage>();
  /** Calls of stores that have not settled. */
  const calls = new Set<Promise<unknown>>();
  let channel = openChannel(`pocketsage consent ${name}`);

  const check = (): void => {
    if (controller.signal.aborted)
      throw new SageError(
        "aborted",
        "There is no consent: nothing was stored or sent. Call give() when the user has agreed.",
      );
  };
  /** Wraps a method of a store; its call is one that `erase` waits for. */
  const guard =
    <A extends unknown[], T>(method: (...args: A) => Promise<T>) =>
    async (...args: A): Promise<T> => {
      check();
      const call = method(...args);
      calls.add(call);
      try {
        return await call;
      } finally {
        calls.delete(call);
      }
    };
  /** Aborts and closes what this tab has open, then deletes what the stores hold. */
  const erase = async (): Promise<void> => {
    controller.abort(new SageError("aborted", "Consent was withdrawn."));
    const opened = [...sages];
    sages.clear();
    // The guard rejects saving, so these deletions take effect in memory only.
    // Asynchronous functions: one that throws does not keep the others from being called.
    await Promise.allSettled(opened.map(async (sage) => sage.forget("everything")));
    await Promise.allSettled(opened.map(async (sage) => sage.close()));
    await Promise.allSettled(calls);
    const cleared = await Promise.allSettled([...stores].map(async (store) => store.clear()));
    const failed = cleared.find(({ status }) => status === "rejected");
    if (failed)
      throw asSageError(
        (failed as PromiseRejectedResult).reason,
        "storage",
        "withdraw: a store could not be cleared, call it again",
      );
  };
  if (channel) channel.onmessage = () => void erase().catch(() => undefined);

  return {
    get isGiven() {
      return !controller.signal.aborted;
    },
    get signal() {
      return controller.signal;
    },
    check,
    give() {
      if (controller.signal.aborted) controller = new AbortController();
    },
    async withdraw() {
      const erasure = erase();
      channel?.postMessage("withdrawn");
      await erasure;
    },
    async open(openSage) {
      checkFunction("open", openSage);
      check();
      const { signal } = controller;
      const sage = await openSage();
      checkMethods("open: the sage", sage, ["forget", "close"]);
      if (signal.aborted) {
        await sage.close().catch(() => undefined);
        throw signal.reason;
      }
      sages.add(sage);
      return sage;
    },
    guardStore(store) {
      checkStore("guardStore", store);
      stores.add(store);
      return guardedStore(store, guard);
    },
    guardRetriever(retriever) {
      checkFunction("guardRetriever", retriever);
      return guardedRetriever(retriever, check, () => controller.signal);
    },
    close() {
      channel?.close();
      // A closed channel throws when a message is posted.
      channel = undefined;
    },
  };
}

type Guard = <A extends unknown[], T>(
  method: (...args: A) => Promise<T>,
) => (...args: A) => Promise<T>;

function guardedStore(store: Store, guard: Guard): Store {
  const guarded: Store = {
    load: guard(() => store.load()),
    save: guard((bytes) => store.save(bytes)),
    clear: () => store.clear(),
  };
  if (store.update) guarded.update = guard((change) => store.update!(change));
  if (store.setAside) guarded.setAside = guard((bytes) => store.setAside!(bytes));
  const { segments } = store;
  if (!segments) return guarded;
  const guardedSegments: Segments = {
    read: guard((token) => segments.read(token)),
    append: guard((bytes, token) => segments.append(bytes, token)),
    replace: guard((bytes, token) => segments.replace(bytes, token)),
  };
  if (segments.watch) guardedSegments.watch = (listener) => segments.watch!(listener);
  return withSegments(guarded, guardedSegments);
}

/** The retriever with all of its properties; a withdrawal aborts its requests and its promise. */
function guardedRetriever(
  retriever: Retriever,
  check: () => void,
  consentSignal: () => AbortSignal,
): Retriever {
  const guarded: Retriever = async (queries, signal) => {
    check();
    checkAbort(signal);
    const consent = consentSignal();
    const controller = new AbortController();
    const abort = (): void => controller.abort(consent.aborted ? consent.reason : signal?.reason);
    if (signal?.aborted) abort();
    consent.addEventListener("abort", abort);
    signal?.addEventListener("abort", abort);
    try {
      return await new Promise((resolve, reject) => {
        controller.signal.addEventListener("abort", () => reject(controller.signal.reason));
        Promise.resolve(retriever(queries, controller.signal)).then(resolve, reject);
      });
    } finally {
      consent.removeEventListener("abort", abort);
      signal?.removeEventListener("abort", abort);
    }
  };
  Object.defineProperties(guarded, Object.getOwnPropertyDescriptors(retriever));
  return guarded;
}

/** Undefined where there are no channels, or the origin may not use them. */
function openChannel(name: string): BroadcastChannel | undefined {
  try {
    const channel = new BroadcastChannel(name);
    // In Node, an open channel would keep the process alive.
    (channel as { unref?(): void }).unref?.();
    return channel;
  } catch {
    return undefined;
  }
}
