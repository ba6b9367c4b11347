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

/** A message to the page, beside those of `serveSage`. */
export type WorkerMessage =
  | { type: "items"; items: Item[] }
  | { type: "fetches"; fetches: FetchRecord[] }
  | { type: "problem"; code: string; message: string };

/** Codes of errors for which the stored profile, not the storage, is the cause. */
const UNREADABLE_CODES: readonly string[] = ["corrupt", "version", "dimension"];

serveSage(open);
observeFetches((fetches) => post({ type: "fetches", fetches }));

/** Opens the stored profile; if that fails, an empty one, and posts a "problem". */
async function open(): Promise<Sage> {
  const catalogue = await Catalogue.fetch(catalogueUrl);
  const items = [...catalogue.ids()].map((id) => ({
    ...(catalogue.payload(id) as Omit<Item, "id">),
    id,
  }));
  post({ type: "items", items });

  const openWith = (store: Store, unreadable?: "set-aside"): Promise<Sage> =>
    openSage({ catalogue, store, kinds: { save: 3 }, ...(unreadable && { unreadable }) });
  const stored = indexedDbStore("page");
  try {
    return await openWith(stored);
  } catch (error) {
    if (!isSageError(error)) throw error;
    const { code, message } = error;
    if (code === "storage") {
      post({ type: "problem", code, message });
      return openWith(memoryStore());
    }
    if (!UNREADABLE_CODES.includes(code)) throw error;
    post({ type: "problem", code: `stored-${code}`, message });
    return openWith(stored, "set-aside");
  }
}

function post(message: WorkerMessage): void {
  postMessage(message);
}
