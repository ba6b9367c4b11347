/// <reference lib="esnext.disposable" preserve="true" />
/**
 * The local catalogue: items with ids and vectors in wasm memory, searchable by similarity.
 *
 * This file has more than 400 lines: it is one public class, and half of it is its documentation.
 * The other files of this folder implement its methods.
 */

import { init, withCore } from "../core/glue.js";
import { type CatalogueHandle, openCatalogueHandle } from "../core/handle.js";
import type { Core, CoreCatalogue } from "../core/interface.js";
import { toMatrix } from "../core/matrix.js";
import { SageError } from "../errors.js";
import type { BytesLike, ItemId, VectorLike } from "../item.js";
import type { Hit } from "../retriever.js";
import {
  checkBoolean,
  checkBytes,
  checkChoice,
  checkDim,
  checkFinite,
  checkInteger,
  checkItemId,
  checkItemIds,
  checkKeys,
  checkList,
  checkPrior,
  checkVector,
  inspect,
  isItemId,
  toBytes,
} from "../values/check.js";
import { checkSpace, type InSpace } from "../values/space.js";
import { extractColumns, readAttributes, writeAttributes } from "./attributes.js";
import { applyChange, compact, mergeDelta, noAdditions, readColumns } from "./change.js";
import {
  addItems,
  type CatalogueItem,
  checkCatalogueItems,
  priorCodesOf,
} from "./checked-items.js";
import { download, loadCatalogue } from "./download.js";
import { type Facts, factsOf } from "./facts.js";
import { evaluateFilter, type Filter, type FilterColumns } from "./filter.js";
import {
  type CatalogueOptions,
  METRICS,
  type Metric,
  PRECISIONS,
  SEARCH_OPTION_NAMES,
  type SearchOptions,
} from "./options.js";
import { decodePriors, encodePrior, readPriors, writePriors } from "./priors.js";
import { ATTRIBUTES, SPACE } from "./sections.js";
import { findVariants, type Variants } from "./variants.js";

/** Number of looked-up ids at which a catalogue discards their rows. */
const MAX_KNOWN_ROWS = 16_384;

/** Internal, for the command line: the handle that owns the core object of a catalogue. */
export let handleOf: (catalogue: Catalogue) => CatalogueHandle;
/** Internal, for the command line: a catalogue that takes ownership of a core catalogue. */
export let catalogueOf: (core: CoreCatalogue) => Catalogue;
/** Internal, for recommendations: the rows of a catalogue. */
export let rowsOf: (catalogue: Catalogue) => CatalogueRows;

/** The rows of a catalogue, for searches that combine several calls of the core. */
export interface CatalogueRows {
  /** The core object, without the priors of `setPriors`. */
  readonly handle: CatalogueHandle;
  /** The prior of each row; empty without priors. Another array after each change of items. */
  readonly priors: Float32Array;
  /** The row of an item; -1 if it is unknown. */
  row(item: ItemId): number;
  /** The vector of each item; undefined for unknown ones. Views of one array. */
  vectors(items: readonly ItemId[]): (Float32Array | undefined)[];
  /**
   * The rows that a search with these options leaves out, and the bitset of those it may return.
   */
  restrict(options: {
    exclude?: Iterable<ItemId> | undefined;
    filter?: Filter | undefined;
    variants?: boolean;
  }): Restriction;
  /** Notes a search. Returns whether one came before, so that sketches pay. */
  noteSearch(): boolean;
}

/** Rows that are left out, and rows that may be returned: undefined for all. */
interface Restriction {
  readonly exclude: Uint32Array;
  readonly allowed: Uint32Array | undefined;
}

/**
 * Items with ids and vectors, searchable by similarity.
 *
 * A catalogue occupies wasm memory (about its file's size) until `close()`, or the end of a `using`
 * block; after that, methods throw "closed". Its rows are in the order of insertion.
 */
export class Catalogue {
  readonly #handle: CatalogueHandle;
  #facts: Facts & InSpace;
  /** The attributes, decoded at the first search; undefined before it and after a change. */
  #columns: SearchColumns | undefined;
  /** Prior codes of all rows since `setPriors`, until they are written to the core object. */
  #newPriors: Uint16Array | undefined;
  /** The prior of each row, decoded at its first use; empty without priors. */
  #priors: Float32Array | undefined;
  #hasSearched = false;
  /** The row of each id that was looked up; emptied by a change of the items. */
  readonly #knownRows = new Map<ItemId, number>();

  private constructor(handle: CatalogueHandle) {
    this.#facts = handle.with(readFacts);
    this.#handle = handle;
  }

  /**
   * Builds a catalogue. With the metric "cosine", vectors are scaled to unit length, and a zero
   * vector has cosine 0 to each query. No items make an empty catalogue. O(n (dim + log n)) for n
   * items. Rejects with code "dimension", "not-finite" or "option" (as for an empty or repeated
   * id); the message names the item.
   */
  static async from(items: Iterable<CatalogueItem>, options: CatalogueOptions): Promise<Catalogue> {
    checkKeys("Catalogue.from", options, ["dim", "precision", "metric", "attributes", "space"]);
    const dim = checkDim("Catalogue.from: dim", options.dim);
    const { precision = "full", metric = "cosine", attributes = [] } = options;
    const fields = checkItemIds("Catalogue.from: attributes", attributes);
    const space = checkSpace("Catalogue.from", options);
    checkChoice("Catalogue.from: precision", precision, PRECISIONS);
    const metricIndex = checkChoice("Catalogue.from: metric", metric, METRICS);
    const checkedItems = checkCatalogueItems(items, dim, "Catalogue.from");
    await init();
    return new Catalogue(
      withCore((core) => {
        const builder = new core.CoreBuilder(dim, precision === "compact", metricIndex);
        if (space) builder.section(SPACE, new TextEncoder().encode(space));
        addItems(builder, checkedItems, dim);
        writePriors(builder, priorCodesOf(checkedItems));
        if (fields.length > 0) {
          const payloads = checkedItems.map(({ payload }) => payload);
          const columns = extractColumns(
            payloads,
            fields.map((field) => [field]),
          );
          builder.section(ATTRIBUTES, writeAttributes(columns));
        }
        return openCatalogueHandle(builder.finish());
      }),
    );
  }

  /**
   * Reads a catalogue from the bytes of a `.sage` file, and verifies their checksum. O(bytes).
   * Rejects with code "corrupt" for bytes that are damaged or no catalogue, "version" for a newer
   * format, "memory" for a stream that does not fit into memory, or with the error of the stream.
   */
  static async fromBytes(bytes: BytesLike | ReadableStream<Uint8Array>): Promise<Catalogue> {
    await init();
    const wholeFile = toBytes(bytes);
    return new Catalogue(
      wholeFile
        ? withCore(({ CoreCatalogue }) =>
            openCatalogueHandle(CoreCatalogue.fromBytes(wholeFile, false)),
          )
        : await loadCatalogue(bytes as ReadableStream<Uint8Array>),
    );
  }

  /**
   * Downloads a catalogue. The bytes are streamed into wasm memory, so no second copy exists.
   * `onProgress` receives the bytes loaded and, where it is known, their total. Rejects with code
   * "retrieval" when the download fails, "aborted" once `signal` fires, else as {@link
   * Catalogue.fromBytes}.
   */
  static async fetch(
    url: string | URL,
    options: { signal?: AbortSignal; onProgress?: (loaded: number, total?: number) => void } = {},
  ): Promise<Catalogue> {
    checkKeys("Catalogue.fetch", options, ["signal", "onProgress"]);
    const loading = init();
    // Handled where it is awaited, which a download that fails first does not reach.
    loading.catch(() => undefined);
    return new Catalogue(
      await download(url, options, (body, onProgress) =>
        loading.then(() => loadCatalogue(body, onProgress)),
      ),
    );
  }

  /** Number of items. */
  get size(): number {
    return this.#facts.size;
  }

  /** Number of components of each vector. */
  get dim(): number {
    return this.#facts.dim;
  }

  /** The measure of similarity. */
  get metric(): Metric {
    return METRICS[this.#facts.metric]!;
  }

  /** Name of the vector space, as it was built with; undefined for none. */
  get space(): string | undefined {
    return this.#facts.space;
  }

  /** How the vectors are stored: "full" or "compact". */
  get precision(): string {
    return this.#facts.precision;
  }

  /**
   * Mean squared distance over all pairs of items: the unit of the "auto" and `{ spread }` cuts. 0
   * with fewer than two items.
   */
  get spread(): number {
    return this.#facts.spread;
  }

  /** XXH64 hash of the file's bytes, as 16 hexadecimal digits. */
  get hash(): string {
    return this.#facts.hash;
  }

  /**
   * Identifier of the items, as 16 hexadecimal digits: the hash or, after `merge`, the hash of the
   * newer catalogue from which the delta was made. `compact` preserves it.
   */
  get revision(): string {
    return this.#facts.revision;
  }

  /**
   * Inverted lists (IVF), which `pocketsage build` writes for large catalogues: their number, the
   * least number that a search scans (`probed`), and the recall@10 in [0, 1] measured when they
   * were built. Undefined for a catalogue without lists.
   */
  get lists(): { count: number; probed: number; recall: number } | undefined {
    const { lists, probes, recall } = this.#facts;
    return lists > 0 ? { count: lists, probed: probes, recall } : undefined;
  }

  /** Whether the catalogue holds the item. O(log n). */
  has(item: ItemId): boolean {
    return this.#row(item) >= 0;
  }

  /**
   * A copy of the item's vector as it is stored: rounded to the precision, and of unit length with
   * the metric "cosine". Undefined for an unknown item.
   */
  vector(item: ItemId): Float32Array | undefined {
    const row = this.#row(item);
    return row < 0 ? undefined : this.#handle.with((core) => core.vectors(Uint32Array.of(row)));
  }

  /**
   * The payload that was stored with the item. Undefined for none, and for an unknown item. Throws
   * code "corrupt" for a payload that is not JSON, which no build of this package writes.
   */
  payload(item: ItemId): unknown {
    const row = this.#row(item);
    const text = row < 0 ? undefined : this.#handle.with((core) => core.payload(row));
    if (text === undefined || text === "") return undefined;
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new SageError(
        "corrupt",
        `payload: that of ${inspect(item)} is not JSON: build the file again.`,
        { cause },
      );
    }
  }

  /**
   * The prior of the item, such as its popularity; 0 for an item without one. Undefined for an
   * unknown item. Priors are rounded: ln(1 + prior) is an f16, so that 1 + prior has a relative
   * error of at most .05 % for a prior below 6, .4 % below 8 million, and 1.6 % up to 1e15.
   */
  prior(item: ItemId): number | undefined {
    const row = this.#row(item);
    return row < 0 ? undefined : (this.#rowPriors()[row] ?? 0);
  }

  /**
   * Replaces the priors of all items by those of the pairs, such as the entries of a Map: numbers
   * from 0 to 1e15. Items that are not listed get 0, unknown ids are ignored, and of equal ids the
   * last counts. Returns the number of pairs whose item exists. Takes milliseconds: the bytes
   * of the file, with a new hash and revision, are written by the next `add`, `remove`, `compact`
   * or `toBytes` only. `merge` applies to priors before this call. Throws code "option" or
   * "not-finite"; then nothing has changed.
   */
  setPriors(priors: Iterable<readonly [item: ItemId, prior: number]>): number {
    const codes = new Uint16Array(this.#facts.rows);
    let foundPairs = 0;
    for (const pair of checkList("setPriors", priors, "pairs")) {
      const [item, prior] = checkList<unknown>("setPriors", pair, "id, prior") as [ItemId, number];
      const code = encodePrior(checkPrior(() => `setPriors: ${inspect(item)}`, prior));
      const row = this.#row(item);
      if (row < 0) continue;
      codes[row] = code;
      foundPairs += 1;
    }
    this.#newPriors = codes;
    this.#priors = undefined;
    return foundPairs;
  }

  /** The ids of all items, in row order. */
  *ids(): IterableIterator<ItemId> {
    for (let row = 0; row < this.#facts.rows; row++) {
      const id = this.#handle.with((core) => core.id(row));
      if (id !== undefined) yield id;
    }
  }

  /** The names of the attributes, which filters can read. */
  attributes(): string[] {
    return [...this.#searchColumns().columns.keys()];
  }

  /**
   * The items nearest to the vector, by descending score; of equal scores, the lowest row first.
   * Exact with fewer than 8,192 items and no lists, or with `exact: true`; see
   * {@link SearchOptions.exact}. Fewer hits than `count` where fewer items qualify; an empty
   * catalogue gives none. O(n dim) at most. Throws code "dimension", "not-finite" or "option".
   */
  search(vector: VectorLike, options?: SearchOptions): Hit[] {
    return this.searchMany([vector], options)[0]!;
  }

  /**
   * One list of hits per vector, each as from {@link Catalogue.search}, in less time than as many
   * searches. No vectors: no lists.
   */
  searchMany(vectors: readonly VectorLike[], options: SearchOptions = {}): Hit[][] {
    checkKeys("search", options, SEARCH_OPTION_NAMES);
    const { count = 20, offset = 0, minScore, exact = false, variants = false } = options;
    checkBoolean("search: exact", exact);
    checkBoolean("search: variants", variants);
    checkInteger("search: count", count);
    checkInteger("search: offset", offset, 0);
    const minScoreOrNaN = minScore === undefined ? NaN : checkFinite("search: minScore", minScore);
    const queries = toMatrix(
      // Holes of the array are values too, which are no vectors.
      Array.from(checkList("search", vectors, "vectors"), (vector, index) =>
        checkVector(`search: query ${index}`, vector, this.dim),
      ),
      this.dim,
    );
    const priors = this.#rowPriors();
    const { exclude, allowed } = this.#restrict(options);
    const hasSearched = this.#noteSearch();
    return this.#handle.with((core) => {
      const [rows, scores, ends, ids, idEnds] = core.search(
        queries,
        count,
        offset,
        minScoreOrNaN,
        exclude,
        allowed,
        exact,
        hasSearched && !exact,
      );
      // Loops: callbacks of array methods would take longer.
      const lists: Hit[][] = [];
      let index = 0;
      let idStart = 0;
      for (const end of ends) {
        const hits: Hit[] = [];
        for (; index < end; index += 1) {
          const idEnd = idEnds[index]!;
          const hit = { item: ids.slice(idStart, idEnd), score: scores[index]! };
          hits.push(priors.length > 0 ? { ...hit, prior: priors[rows[index]!]! } : hit);
          idStart = idEnd;
        }
        lists.push(hits);
      }
      return lists;
    });
  }

  /**
   * Adds items; one whose id exists replaces that item. Payload fields become attributes where the
   * catalogue has attributes of these names. Takes about the time of a copy of the catalogue per
   * call, so add many items at once. Throws as {@link Catalogue.from} rejects; then nothing has
   * changed.
   */
  add(items: Iterable<CatalogueItem>): void {
    const checkedItems = checkCatalogueItems(items, this.dim, "add");
    this.#replaceCore((old, core) =>
      applyChange(
        core,
        old,
        {
          ids: checkedItems.map(({ item }) => item),
          columns: extractColumns(
            checkedItems.map(({ payload }) => payload),
            readColumns(old),
          ),
          add: (builder) => addItems(builder, checkedItems, this.dim),
          priors: priorCodesOf(checkedItems),
        },
        { oldPriors: this.#newPriors },
      ),
    );
  }

  /**
   * Removes items and returns how many of them existed. Unknown ids are ignored. The memory of
   * their rows is freed by {@link Catalogue.compact}. Takes as long as {@link Catalogue.add}.
   */
  remove(items: Iterable<ItemId>): number {
    const rows = checkItemIds("remove", items).map((item) => this.#row(item));
    const sizeBefore = this.size;
    this.#replaceCore((old, core) =>
      applyChange(core, old, noAdditions(old), { removed: rows, oldPriors: this.#newPriors }),
    );
    return sizeBefore - this.size;
  }

  /** Drops the rows of removed and replaced items, and frees their memory. */
  compact(): void {
    this.#writePriors();
    this.#replaceCore((old, core) => compact(core, old));
  }

  /**
   * Applies a delta that `pocketsage delta` made. Throws code "corrupt" or "version" for other
   * bytes, "option" for a delta of another revision; then nothing has changed.
   */
  merge(delta: BytesLike): void {
    const bytes = checkBytes("merge", delta);
    this.#replaceCore((old, core) => mergeDelta(core, old, bytes));
  }

  /** The bytes of the `.sage` file, which `fromBytes` and `fetch` read. */
  toBytes(): Uint8Array {
    this.#writePriors();
    return this.#handle.with((core) => core.toBytes());
  }

  /** Frees the wasm memory. Idempotent. */
  close(): void {
    this.#knownRows.clear();
    this.#handle.release();
  }

  /** `close()`, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** The item's row; -1 if it is unknown. */
  #row(item: ItemId): number {
    const knownRow = this.#knownRows.get(item);
    if (knownRow !== undefined) return knownRow;
    if (typeof item !== "string") checkItemId("catalogue", item);
    // No id has half of a surrogate pair, which the core would read as U+FFFD.
    const row = this.#handle.with((core) => (isItemId(item) ? core.row(item) : -1));
    if (this.#knownRows.size === MAX_KNOWN_ROWS) this.#knownRows.clear();
    this.#knownRows.set(item, row);
    return row;
  }

  /** In one call, because calls for single vectors take most of their time to begin and end. */
  #vectors(items: readonly ItemId[]): (Float32Array | undefined)[] {
    const rows = items.map((item) => this.#row(item));
    const itemRows = Uint32Array.from(rows.filter((row) => row >= 0));
    const matrix = this.#handle.with((core) => core.vectors(itemRows));
    let end = 0;
    return rows.map((row) => (row < 0 ? undefined : matrix.subarray(end, (end += this.dim))));
  }

  #restrict(options: Parameters<CatalogueRows["restrict"]>[0]): Restriction {
    const { exclude = [], filter, variants = false } = options;
    const columns = this.#searchColumns();
    const groups = variants ? undefined : columns.variants;
    const excludedRows: number[] = [];
    for (const item of checkItemIds("search: exclude", exclude)) {
      const row = this.#row(item);
      if (row < 0) continue;
      excludedRows.push(row);
      const representative = groups?.representativeOf(row);
      if (representative !== undefined) excludedRows.push(this.#row(representative));
    }
    const matchingRows = filter === undefined ? undefined : evaluateFilter(columns, filter);
    const representatives = groups?.representatives;
    return {
      exclude: Uint32Array.from(excludedRows.filter((row) => row >= 0)),
      allowed:
        matchingRows && representatives
          ? matchingRows.map((word, index) => word & representatives[index]!)
          : (matchingRows ?? representatives),
    };
  }

  /** Computing the sketches takes as long as a few searches, so the first search has none. */
  #noteSearch(): boolean {
    const hasSearched = this.#hasSearched;
    this.#hasSearched = true;
    return hasSearched;
  }

  #searchColumns(): SearchColumns {
    if (this.#columns) return this.#columns;
    const { rows } = this.#facts;
    const columns = this.#handle.with((core) => readAttributes(core.section(ATTRIBUTES), rows));
    this.#columns = { rows, columns, variants: findVariants(columns, rows) };
    return this.#columns;
  }

  #rowPriors(): Float32Array {
    this.#priors ??= decodePriors(this.#newPriors ?? this.#handle.with(readPriors));
    return this.#priors;
  }

  /** Writes the priors of `setPriors` to the core object. */
  #writePriors(): void {
    if (this.#newPriors) this.remove([]);
  }

  #replaceCore(change: (old: CoreCatalogue, core: Core) => CoreCatalogue): void {
    this.#handle.replace(change);
    this.#facts = this.#handle.with(readFacts);
    this.#columns = undefined;
    this.#knownRows.clear();
    this.#newPriors = undefined;
    this.#priors = undefined;
  }

  static {
    handleOf = (catalogue) => {
      catalogue.#writePriors();
      return catalogue.#handle;
    };
    rowsOf = (catalogue) => ({
      handle: catalogue.#handle,
      priors: catalogue.#rowPriors(),
      row: (item) => catalogue.#row(item),
      vectors: (items) => catalogue.#vectors(items),
      restrict: (options) => catalogue.#restrict(options),
      noteSearch: () => catalogue.#noteSearch(),
    });
    catalogueOf = (core) => new Catalogue(openCatalogueHandle(core));
  }
}

function readFacts(core: CoreCatalogue): Facts & InSpace {
  return { ...factsOf(core), space: new TextDecoder().decode(core.section(SPACE)) || undefined };
}

/** The attributes and variant groups of a catalogue. */
interface SearchColumns extends FilterColumns {
  variants: Variants | undefined;
}
