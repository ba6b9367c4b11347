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
  | { type: "items"; items: Item[] }
  | { type: "fetches"; fetches: FetchRecord[] }
  | { type: "problem"; code: string; message: string }
  | { type: "answer"; call: number; value: unknown }
  | { type: "failure"; call: number; code: ErrorCode; message: string };

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
  const items = [...loadedCatalogue.ids()].map((id) =>
    itemFromPayload(id, loadedCatalogue.payload(id)),
  );
  post({ type: "items", items });
  return loadedCatalogue;
}

async function openWithStore(
  { storeName, halfLifeDays }: OpenRequest,
  catalogue: Catalogue,
): Promise<Sage> {
  const openWith = (store: Store, unreadable?: "set-aside"): Promise<Sage> =>
    openSage({
      ...{ catalogue, store, halfLifeDays, kinds: { save: 3 } },
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
