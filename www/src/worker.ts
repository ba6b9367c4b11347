/**
 * The worker. Catalogue, profile and store are here, so that clustering does not block the page.
 * Each "open" request serves a Sage on a port of its own; the other messages are `WorkerCalls`.
 */
import {
  Catalogue,
  type ErrorCode,
  indexedDbStore,
  isSageError,
  memoryStore,
  openSage,
  type Sage,
  type Store,
  serveSage,
} from "pocketsage";
import { checkEmojiSupport, type EmojiSupport } from "./emoji-support.js";
import { type Item, itemFromPayload } from "./items.js";
import { limitOf } from "./near-duplicates.js";
import { type FetchRecord, observeFetches } from "./network-log.js";
import { openOwnCatalogue } from "./own-catalogue.js";
import { type WorkerCalls, type WorkerState, workerCalls } from "./worker-calls.js";

export interface OpenRequest {
  type: "open";
  /** The Sage is served here. */
  port: MessagePort;
  /** The address of the catalogue; "" for that of the user. */
  url: string;
  storeName: string;
  halfLifeDays: number;
}

/** A message from the page to the worker. */
export type WorkerRequest =
  | OpenRequest
  | { type: "call"; call: number; name: keyof WorkerCalls; args: unknown[] };

/** A message from the worker to the page. */
export type WorkerMessage =
  /** A part of the items, in the order of the catalogue; the last one has `support`. */
  | { type: "items"; items: Item[]; support?: EmojiSupport | "unknown" }
  | { type: "fetches"; fetches: FetchRecord[] }
  | { type: "problem"; code: string; message: string }
  | { type: "answer"; call: number; value: unknown }
  | { type: "failure"; call: number; code: ErrorCode; message: string };

/** The page reads this many items in about 5 ms, at a quarter of the speed of a desktop. */
const ITEMS_PER_MESSAGE = 200;

/** Codes of errors whose cause is the stored profile; the storage itself works. */
const PROFILE_ERROR_CODES: readonly string[] = ["corrupt", "version", "dimension"];

let catalogue: { url: string; loaded: Promise<Catalogue> } | undefined;
let state: Promise<WorkerState> | undefined;

observeFetches((fetches) => post({ type: "fetches", fetches }));
addEventListener("message", ({ data }: MessageEvent<WorkerRequest>) => {
  if (data.type === "open") serveSage(() => openStoredSage(data), data.port);
  if (data.type === "call") void answer(data.call, data.name, data.args);
});

async function answer(call: number, name: keyof WorkerCalls, args: unknown[]): Promise<void> {
  try {
    if (state === undefined) throw new Error(`"${name}" was called before a Sage was opened`);
    const run = workerCalls[name] as (state: WorkerState, ...args: unknown[]) => unknown;
    post({ type: "answer", call, value: await run(await state, ...args) });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    post({ type: "failure", call, code: isSageError(error) ? error.code : "crashed", message });
  }
}

/** Opens the stored profile; if that fails, an empty one, and posts a "problem". */
async function openStoredSage(request: OpenRequest): Promise<Sage> {
  if (catalogue?.url !== request.url)
    catalogue = { url: request.url, loaded: loadCatalogue(request.url) };
  const { loaded } = catalogue;
  try {
    const catalogueOfSage = await loaded;
    const sage = await openWithStore(request, catalogueOfSage);
    state = Promise.resolve({ catalogue: catalogueOfSage, sage });
    // Measured while the user looks at the page, so that the first tap does not wait for it.
    setTimeout(() => limitOf(catalogueOfSage));
    return sage;
  } catch (error) {
    catalogue = undefined;
    throw error;
  }
}

async function loadCatalogue(url: string): Promise<Catalogue> {
  const loadedCatalogue = url === "" ? await openOwnCatalogue() : await Catalogue.fetch(url);
  void postItems(loadedCatalogue);
  return loadedCatalogue;
}

/** Posts the items in parts, which the page reads in short tasks, while the profile is opened. */
async function postItems(catalogue: Catalogue): Promise<void> {
  const items = [...catalogue.ids()].map((id) => itemFromPayload(id, catalogue.payload(id)));
  for (let start = 0; start < items.length; start += ITEMS_PER_MESSAGE)
    post({ type: "items", items: items.slice(start, start + ITEMS_PER_MESSAGE) });
  // Where the check fails, the page repeats it.
  const support = await checkEmojiSupport(items).catch(() => undefined);
  post({ type: "items", items: [], support: support ?? "unknown" });
}

async function openWithStore(
  { storeName, halfLifeDays }: OpenRequest,
  catalogue: Catalogue,
): Promise<Sage> {
  const openWith = (store: Store, unreadable?: "set-aside"): Promise<Sage> =>
    openSage({
      catalogue,
      store,
      halfLifeDays,
      kinds: { save: 3 },
      ...(unreadable && { unreadable }),
    });
  const pageStore = indexedDbStore(storeName);
  try {
    return await openWith(pageStore);
  } catch (error) {
    if (!isSageError(error)) throw error;
    const { code, message } = error;
    if (code === "storage") {
      post({ type: "problem", code, message });
      return openWith(memoryStore());
    }
    if (!PROFILE_ERROR_CODES.includes(code)) throw error;
    const sage = await openWith(pageStore, "set-aside");
    post({ type: "problem", code: `stored-${code}`, message });
    return sage;
  }
}

function post(message: WorkerMessage): void {
  postMessage(message);
}
