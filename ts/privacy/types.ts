/** The public types of `pocketsage/privacy`. */
import type { Catalogue } from "../catalogue/catalogue.js";
import type { BytesLike, ItemId } from "../item.js";
import type { Outbound, Query, Retriever } from "../retriever.js";
import type { Store } from "../store/store.js";
import type { LedgerReport } from "./ledger.js";
import type { Fetch } from "./send.js";

/** What may leave the device; docs/privacy.md has the claim of each mode. */
export type PrivacyMode = "local" | "cells" | "anchors" | "medoids";

/** Options of all modes. */
export interface CommonPrivacyOptions {
  /**
   * Where the ledger is kept, in a store of its own, such as `indexedDbStore("privacy")`. Without
   * a store it ends with the page, and each visit releases anew. Default: `memoryStore()`.
   */
  store?: Store;
  /** Length of an epoch in days: at most one release each. Default: 1. */
  epochDays?: number;
  /** Called with every message before it is sent. If it throws, nothing is sent. */
  onOutbound?: (message: Outbound) => void;
  /** Messages that `outboundLog` keeps, the newest ones. Default: 100. */
  keepLog?: number;
  /** Replacement of `fetch`. Default: `globalThis.fetch`, read at each request. */
  fetch?: Fetch;
  /** Headers of every request to the cells' servers, such as a token of the site. */
  headers?: Record<string, string>;
  /** Maximum duration of a request in milliseconds. Default: 10,000. */
  timeout?: number;
  /** Clock in milliseconds since the epoch. Default: `Date.now`. */
  now?: () => number;
}

/** Cells on a server (docs/cells.md). */
export interface CellSource {
  /** Address of the folder with `manifest.json`. */
  url: string | URL;
  /** SHA-256 of the codebook, 64 hexadecimal digits: any other is refused. Default: none pinned. */
  codebook?: string;
}

/** Mode `local`: nothing about the user leaves. */
export interface LocalOptions extends CommonPrivacyOptions {
  mode?: "local";
  /** The catalogue to search. Either this or `cells` is required. */
  catalogue?: Catalogue;
  /** Cells in place of a catalogue: `shard` random ones are fetched, the same in each epoch. */
  cells?: CellSource;
  /** Number of random cells, at least 1. Required with `cells`. */
  shard?: number;
}

/** Mode `cells`: a fixed number of cells is fetched in each epoch. */
export interface CellsOptions extends CommonPrivacyOptions {
  mode: "cells";
  cells: CellSource;
  /**
   * `split`: two servers that do not collude learn nothing. `static`: any server of files;
   * epsilon-locally differentially private sets. `plain`: any server of files, no protection.
   */
  transport: "split" | "static" | "plain";
  /** For `split`: the addresses of `POST /v1/cells/xor` of two operators. */
  hosts?: readonly [string | URL, string | URL];
  /** Interests per epoch, R: the first queries of a sage. Fewer are filled up. Default: 5. */
  interests?: number;
  /** Cells per interest, p; for `static` the size of a set, w. Default: 2. */
  probes?: number;
  /** For `static`, and required there: largest epsilon of one released set, at most 16. */
  epsilon?: number;
  /**
   * For `static`, and required there: largest sum of the epsilons of all sets ever released. An
   * interest whose set would exceed it gets a random set.
   */
  cap?: number;
}

/** Modes `anchors` and `medoids`: a fixed number of item ids goes to a vector engine. */
export interface ItemsOptions extends CommonPrivacyOptions {
  mode: "anchors" | "medoids";
  /** The engine, such as a retriever of `pocketsage/remote`. */
  retriever: Retriever;
  /** A public sample of the engine's items: anchors, and the random items that fill up. */
  catalogue: Catalogue;
  /** Items per epoch, m. Default: 8. */
  interests?: number;
  /** For `anchors`, and required there: the ids of the history, which are never sent. */
  history?: () => Promise<Iterable<ItemId>>;
}

/** Options of {@link openPrivacy}: `mode` selects what may leave the device. */
export type PrivacyOptions = LocalOptions | CellsOptions | ItemsOptions;

/** A message that was sent. */
export interface OutboundRecord extends Outbound {
  /** When, in milliseconds since the epoch. */
  at: number;
}

/** A retriever for `openSage` that keeps to a mode, opened by {@link openPrivacy}. */
export interface Privacy {
  readonly mode: PrivacyMode;
  /**
   * The option `retriever` of `openSage`. Its first call in an epoch sends the messages that
   * `sage.preview()` shows; further calls send nothing and search what was fetched. Rejects with
   * code "retrieval" if a message fails or an answer was altered; nothing is sent instead.
   */
  readonly retriever: Retriever;
  /**
   * Sends the messages of this epoch now, unless they were sent. No queries: random ones in the
   * same number. Called on a schedule, it makes the time of requests independent of use.
   */
  release(queries?: readonly Query[], signal?: AbortSignal): Promise<void>;
  /**
   * For `anchors`: never send these items. The history of each release is added to them; an item
   * that is recorded and forgotten between two releases must be added here.
   */
  neverSend(items: Iterable<ItemId>): Promise<void>;
  /** The payload of an item that was fetched in a cell; undefined if there is none. */
  payload(item: ItemId): unknown;
  /** The cost of all releases. */
  ledger(): LedgerReport;
  /** The newest messages, oldest first. They are kept in memory only. */
  outboundLog(): OutboundRecord[];
  /** The ledger as bytes. They hold true cells: as confidential as the history. */
  exportLedger(): Uint8Array;
  /** Adds the ledger of another device. Costs add up; a second import changes nothing. */
  importLedger(bytes: BytesLike): Promise<void>;
  /** Frees the memory of fetched cells. Idempotent. */
  close(): void;
}
