/**
 * The worker. Catalogue, profile and store are here, so that clustering does not block the page.
 * `serveSage` answers the calls of the page; everything else is sent as a `WorkerMessage` on the
 * same port.
 */
import {
  Catalogue,
  indexedDbStore,
  isSageError,
  memoryStore,
  openSage,
  type Sage,
  type Store,
  serveSage,
} from "pocketsage";
import catalogueUrl from "pocketsage/emoji.sage?url";
import type { Item } from "./items.js";
import { type FetchRecord, observeFetches } from "./network-log.js";

/** A message from the worker to the page. `serveSage` sends other messages, for `connectSage`. */
export type WorkerMessage =
  | { type: "items"; items: Item[] }
  | { type: "fetches"; fetches: FetchRecord[] }
  | { type: "problem"; code: string; message: string };

/** Codes of errors whose cause is the stored profile; the storage itself works. */
const PROFILE_ERROR_CODES: readonly string[] = ["corrupt", "version", "dimension"];

serveSage(openStoredSage);
observeFetches((fetches) => post({ type: "fetches", fetches }));

/** Opens the stored profile; if that fails, an empty one, and posts a "problem". */
async function openStoredSage(): Promise<Sage> {
  const catalogue = await Catalogue.fetch(catalogueUrl);
  const items = [...catalogue.ids()].map((id) => ({
    ...(catalogue.payload(id) as Omit<Item, "id">),
    id,
  }));
  post({ type: "items", items });

  const openWith = (store: Store, unreadable?: "set-aside"): Promise<Sage> =>
    openSage({ catalogue, store, kinds: { save: 3 }, ...(unreadable && { unreadable }) });
  const pageStore = indexedDbStore("page");
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
