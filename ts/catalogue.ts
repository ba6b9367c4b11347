/// <reference lib="esnext.disposable" preserve="true" />
/** Items with ids and vectors, searchable: the local index. It lives in the wasm memory; ids are looked up there. */
import { checkItem, checkItems, checkKeys, checkVector, checkWhole, show } from "./check.js";
import type { CoreCatalogue } from "./core.js";
import { download, gather } from "./download.js";
import { SageError } from "./errors.js";
import { ask, init } from "./glue.js";
import { keepAlive, type Resident } from "./resident.js";
import type { Hit } from "./retrieve/types.js";
import type { ItemId } from "./types.js";
import { stack } from "./vectors.js";

/** How to search. */
export interface SearchOptions {
  /** Hits per query. Default: 20. */
  count?: number;
  /** Items that must not come out. */
  exclude?: Iterable<ItemId>;
}

/** What an item of {@link Catalogue.from} is: its id, its vector and, if you like, anything JSON can hold. */
export type CatalogueItem = readonly [item: ItemId, vector: Float32Array, payload?: unknown];

/**
 * Items with ids and vectors, searchable.
 *
 * Vectors are kept at unit length, and scores are cosines. A catalogue holds wasm memory until `close()` (or `using`); after that every
 * call throws "closed".
 */
export class Catalogue {
  readonly #core: Resident;
  /** How many items there are. */
  readonly size: number;
  /** Length of the vectors. */
  readonly dim: number;
  /** Mean squared distance of random pairs of items: the yardstick of the "auto" cut. */
  readonly spread: number;
  /** 16 hexadecimal digits that name the contents. */
  readonly hash: string;
  /** "full" or "compact", as it was built. */
  readonly precision: string;

  private constructor(core: CoreCatalogue) {
    this.size = core.size;
    this.dim = core.dim;
    this.spread = core.spread;
    this.hash = core.hash;
    this.precision = core.precision;
    this.#core = keepAlive(core);
  }

  /**
   * A catalogue of these items, vectors of `dim` numbers. `precision` is "full" (2 bytes a number, the default) or "compact" (1 byte).
   * Rejects "dimension", "not-finite" or "option" (an empty or repeated id), naming the item.
   */
  static async from(items: Iterable<CatalogueItem>, options: { dim: number; precision?: "full" | "compact" }): Promise<Catalogue> {
    checkKeys("Catalogue.from", options, ["dim", "precision"]);
    const dim = checkWhole("Catalogue.from: dim", options.dim);
    const all = Array.from(items, (entry, index) => checkEntry(entry, index, dim));
    await init();
    const vectors = stack(
      all.map(({ vector }) => vector),
      dim,
    );
    const ids = encode(all.map(({ item }) => item));
    const payloads = all.some(({ payload }) => payload !== "") ? encode(all.map(({ payload }) => payload)) : encode([]);
    const { precision = "full" } = options;
    if (precision !== "full" && precision !== "compact") {
      throw new SageError("option", `Catalogue.from: precision: expected "full" or "compact", saw ${show(precision)}.`);
    }
    return new Catalogue(
      ask(({ CoreCatalogue }) => CoreCatalogue.build(vectors, dim, ids.text, ids.ends, payloads.text, payloads.ends, precision === "compact")),
    );
  }

  /** The catalogue in these bytes. Rejects "corrupt" or "version". */
  static async fromBytes(bytes: Uint8Array | ReadableStream<Uint8Array>): Promise<Catalogue> {
    const all = bytes instanceof Uint8Array ? bytes : await gather(bytes);
    await init();
    return new Catalogue(ask(({ CoreCatalogue }) => CoreCatalogue.fromBytes(all)));
  }

  /** Downloads a catalogue. Rejects "retrieval" when that fails, "aborted" by the signal, "corrupt" or "version" for what came. */
  static async fetch(
    url: string | URL,
    options: { signal?: AbortSignal; onProgress?: (loaded: number, total?: number) => void } = {},
  ): Promise<Catalogue> {
    checkKeys("Catalogue.fetch", options, ["signal", "onProgress"]);
    const [bytes] = await Promise.all([download(url, options), init()]);
    return Catalogue.fromBytes(bytes);
  }

  /** Whether the catalogue knows the item. */
  has(item: ItemId): boolean {
    return this.#row(item) >= 0;
  }

  /** The item's vector at unit length, or undefined for an unknown item. */
  vector(item: ItemId): Float32Array | undefined {
    const row = this.#row(item);
    return row < 0 ? undefined : this.#core.ask((core) => core.vectors(Uint32Array.of(row)));
  }

  /** What was stored with the item, or undefined. */
  payload(item: ItemId): unknown {
    const row = this.#row(item);
    const text = row < 0 ? undefined : this.#core.ask((core) => core.payload(row));
    return text === undefined || text === "" ? undefined : JSON.parse(text);
  }

  /** All ids, in the order of the catalogue. */
  *ids(): IterableIterator<ItemId> {
    for (let row = 0; row < this.size; row++) yield this.#core.ask((core) => core.id(row));
  }

  /** The items nearest to the vector, exactly: best first, of equal scores the lowest row. */
  search(vector: Float32Array, options?: SearchOptions): Hit[] {
    return this.searchMany([vector], options)[0]!;
  }

  /** One ranked list per vector. */
  searchMany(vectors: readonly Float32Array[], options: SearchOptions = {}): Hit[][] {
    checkKeys("search", options, ["count", "exclude"]);
    const count = options.count === undefined ? 20 : checkWhole("search: count", options.count);
    const queries = stack(
      vectors.map((vector, index) => checkVector(`search: query ${index}`, vector, this.dim)),
      this.dim,
    );
    const excluded = checkItems("search: exclude", options.exclude).map((item) => this.#row(item));
    const exclude = Uint32Array.from(excluded.filter((row) => row >= 0));
    return this.#core.ask((core) => {
      const { rows, scores, ends } = core.search(queries, count, exclude);
      const hits = Array.from(rows, (row, place): Hit => ({ item: core.id(row), score: scores[place]! }));
      return Array.from(ends, (end, query) => hits.slice(ends[query - 1] ?? 0, end));
    });
  }

  /** The bytes that `fromBytes` and `fetch` read. */
  toBytes(): Uint8Array {
    return this.#core.ask((core) => core.toBytes());
  }

  /** Gives the memory back. */
  close(): void {
    this.#core.release();
  }

  /** The same, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  #row(item: ItemId): number {
    return this.#core.ask((core) => core.row(item));
  }
}

function checkEntry(entry: CatalogueItem, index: number, dim: number): { item: string; vector: Float32Array; payload: string } {
  const where = `Catalogue.from: item ${index}`;
  if (!Array.isArray(entry)) throw new SageError("option", `${where}: expected [id, vector], saw ${show(entry)}.`);
  const [id, vector, payload] = entry as CatalogueItem;
  const item = checkItem(where, id);
  // Bytes have no way to write half of a surrogate pair: two such ids would become one.
  if (/\p{Surrogate}/u.test(item)) throw new SageError("option", `${where}: the id ${show(item)} is not well-formed Unicode.`);
  const named = `${where} (${show(item)})`;
  return { item, vector: checkVector(named, vector, dim), payload: payload === undefined ? "" : checkPayload(named, payload) };
}

function checkPayload(where: string, payload: unknown): string {
  try {
    const text: unknown = JSON.stringify(payload);
    if (typeof text === "string") return text;
  } catch (cause) {
    throw new SageError("option", `${where}: the payload cannot be written as JSON.`, { cause });
  }
  throw new SageError("option", `${where}: the payload cannot be written as JSON, saw ${show(payload)}.`);
}

/** Strings as one run of UTF-8 and the end of each. */
function encode(strings: readonly string[]): { text: Uint8Array; ends: Uint32Array } {
  const encoder = new TextEncoder();
  const parts = strings.map((string) => encoder.encode(string));
  const ends = new Uint32Array(parts.length);
  const text = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((offset, part, index) => {
    text.set(part, offset);
    return (ends[index] = offset + part.length);
  }, 0);
  return { text, ends };
}
