/// <reference lib="esnext.disposable" preserve="true" />
/** Items with ids and vectors, searchable: the local index. It lives in the wasm memory; ids are looked up there. */

import {
  checkFinite,
  checkInteger,
  checkItemId,
  checkItemIds,
  checkKeys,
  checkVector,
  inspect,
  isVector,
} from "../check.js";
import { init, withCore } from "../core/glue.js";
import { type CatalogueHandle, openHandle } from "../core/handle.js";
import type { Core, CoreBuilder, CoreCatalogue, CoreFacts } from "../core/interface.js";
import { toMatrix } from "../core/matrix.js";
import { encodeStrings } from "../core/strings.js";
import { SageError } from "../errors.js";
import type { ItemId } from "../item.js";
import type { Hit } from "../retriever.js";
import { extractColumns, readAttributes, writeAttributes } from "./attributes.js";
import { applyChange, compact, mergeDelta, noAdditions, readColumns } from "./change.js";
import { download, loadCatalogue } from "./download.js";
import { evaluateFilter, type Filter, type FilterColumns } from "./filter.js";
import { ATTRIBUTES } from "./sections.js";
import { findVariants, type Variants } from "./variants.js";

/** How to search. */
export interface SearchOptions {
  /** Hits per query. Default: 20. */
  count?: number;
  /** How many of the best are passed over first: the next page. Default: 0. */
  offset?: number;
  /** The least score that counts. */
  minScore?: number;
  /** Items that must not come out. */
  exclude?: Iterable<ItemId>;
  /** What items must be; it looks at the attributes the catalogue was built with. */
  filter?: Filter;
  /**
   * Look at every item. Without, a search leaves out the lists that are far away, if the catalogue has lists, and from 8,192 items on those that a
   * sketch says are five standard deviations too far. Default: false.
   */
  exact?: boolean;
  /**
   * Also give near-duplicates: items whose attribute `variantOf` names another, as `pocketsage build --near-duplicates group` finds them. Without,
   * they stay out, and whoever excludes one of a kind excludes the first of it. Default: false.
   */
  variants?: boolean;
}

/** What an item of {@link Catalogue.from} is: its id, its vector and, if you like, anything JSON can hold. */
export type CatalogueItem = readonly [item: ItemId, vector: Float32Array, payload?: unknown];

/** How scores are measured: the cosine, the inner product, or minus the squared distance. */
export type Metric = "cosine" | "ip" | "l2";

/** How to make a catalogue. */
export interface CatalogueOptions {
  /** Length of the vectors. */
  dim: number;
  /** "full" takes 2 bytes a number, "compact" 1. Default: "full". */
  precision?: "full" | "compact";
  /** Default: "cosine". */
  metric?: Metric;
  /** Fields of the payloads that filters may look at: numbers, texts, true and false, or lists of texts. */
  attributes?: readonly string[];
}

const METRICS = ["cosine", "ip", "l2"] as const;
/** Items handed over at once, so that their vectors are not there a third time, and still in the cache when they are read. */
const ITEMS_PER_BATCH = 512;

/** For the command line, which writes more kinds of files: the core's side of a catalogue, and a catalogue around it. */
export let handleOf: (catalogue: Catalogue) => CatalogueHandle;
export let catalogueOf: (core: CoreCatalogue) => Catalogue;

/**
 * Items with ids and vectors, searchable.
 *
 * A catalogue holds wasm memory until `close()` (or `using`); after that every call throws "closed".
 */
export class Catalogue {
  readonly #core: CatalogueHandle;
  #facts: CoreFacts;
  /** Read when a search first asks. */
  #attributes: SearchColumns | undefined;
  #searched = false;

  private constructor(core: CoreCatalogue) {
    this.#facts = core.facts();
    this.#core = openHandle(core);
  }

  /**
   * A catalogue of these items. For cosines, vectors are kept at unit length.
   * Rejects "dimension", "not-finite" or "option" (an empty or repeated id), naming the item.
   */
  static async from(items: Iterable<CatalogueItem>, options: CatalogueOptions): Promise<Catalogue> {
    checkKeys("Catalogue.from", options, ["dim", "precision", "metric", "attributes"]);
    const dim = checkInteger("Catalogue.from: dim", options.dim);
    const { precision = "full", metric = "cosine", attributes } = options;
    const names = checkItemIds("Catalogue.from: attributes", attributes);
    if (precision !== "full" && precision !== "compact") {
      throw new SageError(
        "option",
        `Catalogue.from: precision: expected "full" or "compact", saw ${inspect(precision)}.`,
      );
    }
    if (!METRICS.includes(metric))
      throw new SageError(
        "option",
        `Catalogue.from: metric: expected ${METRICS.join(", ")}, saw ${inspect(metric)}.`,
      );
    const all = Array.from(items, (entry, index) => checkCatalogueItem(entry, index, dim));
    await init();
    return new Catalogue(
      withCore((core) => {
        const builder = new core.CoreBuilder(dim, precision === "compact", METRICS.indexOf(metric));
        addItems(builder, all, dim);
        if (names.length > 0)
          builder.section(
            ATTRIBUTES,
            writeAttributes(
              extractColumns(
                all.map(({ payload }) => payload),
                names.map((name) => [name]),
              ),
            ),
          );
        return builder.finish();
      }),
    );
  }

  /** The catalogue in these bytes. Rejects "corrupt" or "version". */
  static async fromBytes(bytes: Uint8Array | ReadableStream<Uint8Array>): Promise<Catalogue> {
    await init();
    if (!(bytes instanceof Uint8Array)) return new Catalogue(await loadCatalogue(bytes));
    return new Catalogue(withCore(({ CoreCatalogue }) => CoreCatalogue.fromBytes(bytes, false)));
  }

  /**
   * Downloads a catalogue, piece by piece into its place, so that it is never there twice. Rejects "retrieval" when that fails, "aborted" by the
   * signal, "corrupt" or "version" for what came, "memory" when it does not fit.
   */
  static async fetch(
    url: string | URL,
    options: { signal?: AbortSignal; onProgress?: (loaded: number, total?: number) => void } = {},
  ): Promise<Catalogue> {
    checkKeys("Catalogue.fetch", options, ["signal", "onProgress"]);
    const loading = init();
    return new Catalogue(
      await download(url, options, (body, onProgress) =>
        loading.then(() => loadCatalogue(body, onProgress)),
      ),
    );
  }

  /** How many items there are. */
  get size(): number {
    return this.#facts.size;
  }

  /** Length of the vectors. */
  get dim(): number {
    return this.#facts.dim;
  }

  /** What scores are. */
  get metric(): Metric {
    return METRICS[this.#facts.metric]!;
  }

  /** "full" or "compact", as it was built. */
  get precision(): string {
    return this.#facts.precision;
  }

  /** Mean squared distance of random pairs of items: the yardstick of the "auto" cut. */
  get spread(): number {
    return this.#facts.spread;
  }

  /** 16 hexadecimal digits that name the bytes. */
  get hash(): string {
    return this.#facts.hash;
  }

  /** 16 hexadecimal digits that name the items: after a `merge` those of the catalogue that the delta was made towards. */
  get revision(): string {
    return this.#facts.revision;
  }

  /** For a catalogue with lists: how many, how many a search looks into, and the recall@10 this gave when it was built. */
  get lists(): { count: number; probed: number; recall: number } | undefined {
    const { lists, probes, recall } = this.#facts;
    return lists > 0 ? { count: lists, probed: probes, recall } : undefined;
  }

  /** Whether the catalogue knows the item. */
  has(item: ItemId): boolean {
    return this.#row(item) >= 0;
  }

  /** The item's vector as it is stored (for cosines at unit length), or undefined for an unknown item. */
  vector(item: ItemId): Float32Array | undefined {
    const row = this.#row(item);
    return row < 0 ? undefined : this.#core.with((core) => core.vectors(Uint32Array.of(row)));
  }

  /** What was stored with the item, or undefined. */
  payload(item: ItemId): unknown {
    const row = this.#row(item);
    const text = row < 0 ? undefined : this.#core.with((core) => core.payload(row));
    return text === undefined || text === "" ? undefined : JSON.parse(text);
  }

  /** All ids, in the order of the catalogue. */
  *ids(): IterableIterator<ItemId> {
    for (let row = 0; row < this.#facts.rows; row++) {
      const id = this.#core.with((core) => core.id(row));
      if (id !== undefined) yield id;
    }
  }

  /** The names of what filters may look at. */
  attributes(): string[] {
    return [...this.#fields().columns.keys()];
  }

  /** The items nearest to the vector: best first, of equal scores the lowest row. Exact, unless the catalogue has lists. */
  search(vector: Float32Array, options?: SearchOptions): Hit[] {
    return this.searchMany([vector], options)[0]!;
  }

  /** One ranked list per vector, for less than as many searches. */
  searchMany(vectors: readonly Float32Array[], options: SearchOptions = {}): Hit[][] {
    checkKeys("search", options, [
      "count",
      "offset",
      "minScore",
      "exclude",
      "filter",
      "exact",
      "variants",
    ]);
    const { count = 20, offset = 0, minScore, filter, exact = false, variants = false } = options;
    checkInteger("search: count", count);
    checkInteger("search: offset", offset, 0);
    const least = minScore === undefined ? NaN : checkFinite("search: minScore", minScore);
    const queries = toMatrix(
      vectors.map((vector, index) => checkVector(`search: query ${index}`, vector, this.dim)),
      this.dim,
    );
    const fields = this.#fields();
    const kinds = variants ? undefined : fields.variants;
    const excluded = checkItemIds("search: exclude", options.exclude).flatMap((item) => {
      const row = this.#row(item);
      const first = row < 0 ? undefined : kinds?.firstOf(row);
      return first === undefined ? [row] : [row, this.#row(first)];
    });
    const exclude = Uint32Array.from(excluded.filter((row) => row >= 0));
    return this.#core.with((core) => {
      const met = filter === undefined ? undefined : evaluateFilter(fields, filter);
      const allowed =
        met && kinds ? met.map((word, at) => word & kinds.shown[at]!) : (met ?? kinds?.shown);
      // More than there is room for is all there is.
      // What takes as long as a few searches is not worth it for one.
      if (!exact && this.#searched) core.prepare();
      this.#searched = true;
      const found = core.search(
        queries,
        Math.min(count, 2 ** 31),
        Math.min(offset, 2 ** 31),
        least,
        exclude,
        allowed,
        exact === true,
      );
      const { ids, idEnds, scores, ends } = found;
      const hits = Array.from(
        scores,
        (score, at): Hit => ({ item: ids.slice(idEnds[at - 1] ?? 0, idEnds[at]), score }),
      );
      return Array.from(ends, (end, query) => hits.slice(ends[query - 1] ?? 0, end));
    });
  }

  /**
   * Adds items; one whose id is there already replaces it. They bring the attributes the catalogue has.
   * Each call costs about as much as a copy of the catalogue: add many at once. Throws as `Catalogue.from` rejects.
   */
  add(items: Iterable<CatalogueItem>): void {
    const all = Array.from(items, (entry, index) =>
      checkCatalogueItem(entry, index, this.dim, "add"),
    );
    this.#change((here, core) => {
      const columns = extractColumns(
        all.map(({ payload }) => payload),
        readColumns(here),
      );
      const ids = all.map(({ item }) => item);
      return applyChange(core, here, {
        ids,
        columns,
        add: (builder) => addItems(builder, all, this.dim),
      });
    });
  }

  /** Removes items, and says how many of them there were. Their room is given back by `compact()`. */
  remove(items: Iterable<ItemId>): number {
    const rows = checkItemIds("remove", items).map((item) => this.#row(item));
    const before = this.size;
    this.#change((here, core) => applyChange(core, here, noAdditions(here), rows));
    return before - this.size;
  }

  /** Gives back the room of removed and replaced items. */
  compact(): void {
    this.#change((here, core) => compact(core, here));
  }

  /**
   * Applies a delta, as `pocketsage delta` makes it. Throws "corrupt" or "version" for other bytes, "option" for the delta of another
   * revision; then nothing was changed.
   */
  merge(delta: Uint8Array): void {
    if (!(delta instanceof Uint8Array))
      throw new SageError("option", `merge: expected a Uint8Array, saw ${inspect(delta)}.`);
    this.#change((here, core) => mergeDelta(core, here, delta));
  }

  /** The bytes that `fromBytes` and `fetch` read. */
  toBytes(): Uint8Array {
    return this.#core.with((core) => core.toBytes());
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
    return this.#core.with((core) => core.row(item));
  }

  #fields(): SearchColumns {
    if (this.#attributes) return this.#attributes;
    const { rows } = this.#facts;
    const columns = this.#core.with((core) => readAttributes(core.section(ATTRIBUTES), rows));
    return (this.#attributes = { rows, columns, variants: findVariants(columns, rows) });
  }

  #change(change: (here: CoreCatalogue, core: Core) => CoreCatalogue): void {
    this.#core.replace(change);
    this.#facts = this.#core.with((core) => core.facts());
    this.#attributes = undefined;
  }

  static {
    handleOf = (catalogue) => catalogue.#core;
    catalogueOf = (core) => new Catalogue(core);
  }
}

interface SearchColumns extends FilterColumns {
  variants: Variants | undefined;
}

interface CheckedItem {
  item: string;
  vector: Float32Array;
  payload: unknown;
  text: string;
}

function addItems(builder: CoreBuilder, all: readonly CheckedItem[], dim: number): void {
  const matrix = new Float32Array(Math.min(ITEMS_PER_BATCH, all.length) * dim);
  for (let start = 0; start < all.length; start += ITEMS_PER_BATCH) {
    const batch = all.slice(start, start + ITEMS_PER_BATCH);
    batch.forEach(({ vector }, row) => matrix.set(vector, row * dim));
    const ids = encodeStrings(batch.map(({ item }) => item));
    const payloads = encodeStrings(batch.map(({ text }) => text));
    builder.add(
      matrix.subarray(0, batch.length * dim),
      dim,
      ids.text,
      ids.ends,
      payloads.text,
      payloads.ends,
    );
  }
}

function checkCatalogueItem(
  entry: CatalogueItem,
  index: number,
  dim: number,
  call = "Catalogue.from",
): CheckedItem {
  const where = `${call}: item ${index}`;
  if (!Array.isArray(entry))
    throw new SageError("option", `${where}: expected [id, vector], saw ${inspect(entry)}.`);
  const [id, vector, payload] = entry as CatalogueItem;
  const item = checkItemId(where, id);
  // Bytes have no way to write half of a surrogate pair: two such ids would become one.
  if (/\p{Surrogate}/u.test(item))
    throw new SageError("option", `${where}: the id ${inspect(item)} is not well-formed Unicode.`);
  // Only an error is worth the time that its words take.
  const named = (): string => `${where} (${inspect(item)})`;
  const text = payload === undefined ? "" : checkPayload(named, payload);
  return {
    item,
    vector: isVector(vector, dim) ? vector : checkVector(named(), vector, dim),
    payload,
    text,
  };
}

function checkPayload(where: () => string, payload: unknown): string {
  try {
    const text: unknown = JSON.stringify(payload);
    if (typeof text === "string") return text;
  } catch (cause) {
    throw new SageError("option", `${where()}: the payload cannot be written as JSON.`, { cause });
  }
  throw new SageError(
    "option",
    `${where()}: the payload cannot be written as JSON, saw ${inspect(payload)}.`,
  );
}
