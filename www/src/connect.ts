/** Starts the worker and connects to the Sage that lives in it. */
import { connectSage, type Sage } from "pocketsage";
import type { Item, Items } from "./items.js";
import type { Fetched } from "./fetches.js";
import type { Word } from "./worker.js";

export interface Listener {
  fetched(fetches: Fetched[]): void;
  /** The worker had to make do: the taste could not be stored, or what was stored could not be read. */
  trouble(code: string, message: string): void;
}

/** Rejects with the worker's own error when the catalogue cannot be had; may be tried again. */
export async function connect(listener: Listener): Promise<{ sage: Sage; items: Items }> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), {
    type: "module",
    name: "pocketsage",
  });
  const items = itemsFrom(worker, listener);
  try {
    const sage = await connectSage(worker);
    return { sage, items: new Map((await items).map((item) => [item.id, item])) };
  } catch (error) {
    worker.terminate();
    throw error;
  }
}

function itemsFrom(worker: Worker, listener: Listener): Promise<Item[]> {
  return new Promise((resolve) => {
    worker.addEventListener("message", ({ data: word }: MessageEvent<Word>) => {
      if (word.about === "items") resolve(word.items);
      else if (word.about === "fetches") listener.fetched(word.fetches);
      else if (word.about === "trouble") listener.trouble(word.code, word.message);
    });
  });
}
