/**
 * The worker: the catalogue, the taste and its store live here, so that clustering never makes the page stutter. `serveSage` lets the page
 * talk to the Sage; what else the page wants to know comes as a `Word`, on the same port.
 */
import {
  Catalogue,
  indexedDbStore,
  isSageError,
  memoryStore,
  openSage,
  serveSage,
} from "pocketsage";
import type { Sage, Store } from "pocketsage";
import address from "pocketsage/emoji.sage?url";
import { watchFetches, type Fetched } from "./fetches.js";
import type { Item } from "./items.js";

/** What the worker tells the page, beside the Sage itself. */
export type Word =
  | { about: "items"; items: Item[] }
  | { about: "fetches"; fetches: Fetched[] }
  | { about: "trouble"; code: string; message: string };

serveSage(open);
watchFetches((fetches) => tell({ about: "fetches", fetches }));

async function open(): Promise<Sage> {
  const catalogue = await Catalogue.fetch(address);
  tell({
    about: "items",
    items: [...catalogue.ids()].map((id) => ({
      ...(catalogue.payload(id) as Omit<Item, "id">),
      id,
    })),
  });

  const openWith = (store: Store, unreadable?: "set-aside"): Promise<Sage> =>
    openSage({ catalogue, store, kinds: { save: 3 }, ...(unreadable && { unreadable }) });
  const stored = indexedDbStore("page");
  try {
    return await openWith(stored);
  } catch (error) {
    if (!isSageError(error)) throw error;
    if (error.code === "storage") {
      tell({ about: "trouble", code: "storage", message: error.message });
      return openWith(memoryStore());
    }
    if (!["corrupt", "version", "dimension"].includes(error.code)) throw error;
    tell({ about: "trouble", code: `stored-${error.code}`, message: error.message });
    return openWith(stored, "set-aside");
  }
}

function tell(word: Word): void {
  postMessage(word);
}
