/** `openPrivacy`: checks the options of a mode and assembles its retriever. */
import { checkCatalogue } from "../catalogue/check-catalogue.js";
import { SageError } from "../errors.js";
import type { Hit, Outbound, Query, Retriever } from "../retriever.js";
import { memoryStore } from "../store/memory.js";
import { checkStore } from "../store/store.js";
import {
  checkAbort,
  checkBytes,
  checkFunction,
  checkInteger,
  checkItemIds,
  checkKeys,
  checkPositive,
  checkUrl,
  inspect,
  unexpected,
} from "../values/check.js";
import { checkHeaders } from "../values/http.js";
import { MAX_TIMER_MS } from "../values/limits.js";
import { checkVectorQueries } from "../values/queries.js";
import { commonSpace } from "../values/space.js";
import { MS_PER_DAY } from "../values/time.js";
import { nameOfUrl } from "../values/url.js";
import { planProbes, planSets, planShard } from "./cell-release.js";
import {
  type CellStrategy,
  fetchCodebook,
  type OpenedCells,
  openCellRetrieval,
} from "./cell-retrieval.js";
import { MAX_CELLS } from "./cells/format.js";
import { MAX_VECTORS } from "./cells/xor.js";
import { openItemRetrieval } from "./item-retrieval.js";
import { decodeState, encodeState, openLedger, reportOf, type StoredLedger } from "./ledger.js";
import { cellMessages, describe, splitMessages } from "./outgoing.js";
import { secureDraw } from "./random.js";
import type { Transport } from "./send.js";
import { MAX_EPSILON, subsetMechanism } from "./subset.js";
import type {
  CellsOptions,
  ItemsOptions,
  LocalOptions,
  OutboundRecord,
  Privacy,
  PrivacyMode,
  PrivacyOptions,
} from "./types.js";

const COMMON_NAMES = [
  "mode",
  "store",
  "epochDays",
  "onOutbound",
  "keepLog",
  "fetch",
  "headers",
  "timeout",
  "now",
];
const MODE_NAMES: Readonly<Record<PrivacyMode, readonly string[]>> = {
  local: ["catalogue", "cells", "shard"],
  cells: ["cells", "transport", "hosts", "interests", "probes", "epsilon", "cap"],
  anchors: ["retriever", "catalogue", "interests", "history"],
  medoids: ["retriever", "catalogue", "interests", "history"],
};
const MAX_EPOCH_DAYS = 366;
const MAX_INTERESTS = 64;
/** Largest `cap`: a sum of epsilons this large gives no meaningful protection. */
const MAX_CAP = 1000;

/** The parts that all modes use. */
interface Shared {
  readonly ledger: StoredLedger;
  readonly transport: Transport;
  readonly epochOf: () => number;
  readonly onOutbound: (message: Outbound) => void;
}

/** The parts of a {@link Privacy} that differ between modes. */
interface Retrieval {
  readonly pending: (queries: readonly Query[]) => Outbound[];
  readonly release: (queries: readonly Query[], signal?: AbortSignal) => Promise<void>;
  readonly search: (queries: readonly Query[]) => Hit[][];
  readonly payload?: (item: string) => unknown;
  readonly close?: () => void;
  /** Number of components of the vectors of queries. */
  readonly dim: number;
  /** Name of the vector space of the items; undefined for an unnamed one. */
  readonly space: string | undefined;
  /** Epsilon of one release, and the largest sum of all releases. */
  readonly epsilon?: number;
  readonly cap?: number;
}

/**
 * Opens a mode: what may leave the device to retrieve items. Modes with cells fetch the manifest
 * and the codebook, the same for all users.
 *
 * Rejects with code "option" or "not-finite" for an invalid option, "dimension" for a retriever and
 * a catalogue of two vector spaces, "corrupt" or "version" for
 * cells or a ledger that cannot be read, "retrieval" if the cells cannot be fetched, "storage" if
 * the store fails.
 */
export async function openPrivacy(options: PrivacyOptions): Promise<Privacy> {
  checkKeys("openPrivacy", options, [...COMMON_NAMES, ...Object.values(MODE_NAMES).flat()]);
  const mode = options.mode ?? "local";
  if (typeof mode !== "string" || !Object.hasOwn(MODE_NAMES, mode))
    throw unexpected("openPrivacy: mode", "local, cells, anchors or medoids", mode);
  checkKeys(`openPrivacy (${mode})`, options, [...COMMON_NAMES, ...MODE_NAMES[mode]]);
  const { store = memoryStore(), now = Date.now } = options;
  checkStore("openPrivacy: store", store);
  checkFunction("openPrivacy: now", now);
  for (const name of ["onOutbound", "fetch"] as const)
    if (options[name] !== undefined) checkFunction(`openPrivacy: ${name}`, options[name]);
  const headers = Object.fromEntries(checkHeaders("openPrivacy: headers", options.headers));
  const epochDays = checkPositive("epochDays", options.epochDays ?? 1, MAX_EPOCH_DAYS);
  const keepLog = checkInteger("keepLog", options.keepLog ?? 100, 0);
  const timeout = checkPositive("timeout", options.timeout ?? 10_000, MAX_TIMER_MS);
  const log: OutboundRecord[] = [];
  const onOutbound = (message: Outbound): void => {
    options.onOutbound?.(message);
    log.push({ ...message, at: now() });
    if (log.length > keepLog) log.shift();
  };
  const shared: Shared = {
    ledger: await openLedger(store),
    epochOf: () => Math.max(0, Math.floor(now() / (epochDays * MS_PER_DAY))),
    onOutbound,
    transport: {
      fetch: options.fetch,
      headers,
      timeout,
      onMessage: (message) => onOutbound(describe(message)),
    },
  };
  const retrieval = await openMode(mode, options, shared);
  return createPrivacy(mode, retrieval, shared.ledger, log);
}

function openMode(
  mode: PrivacyMode,
  options: PrivacyOptions,
  shared: Shared,
): Promise<Retrieval> | Retrieval {
  if (mode === "local") return openLocal(options as LocalOptions, shared);
  if (mode === "cells") return openCells(options as CellsOptions, shared);
  return openItems(options as ItemsOptions, shared);
}

function createPrivacy(
  mode: PrivacyMode,
  retrieval: Retrieval,
  ledger: StoredLedger,
  log: readonly OutboundRecord[],
): Privacy {
  const { release, search, pending, dim, epsilon = 0, cap = Infinity } = retrieval;
  const retriever: Retriever = Object.defineProperty(
    async (given: readonly Query[], signal?: AbortSignal): Promise<Hit[][]> => {
      const queries = checkVectorQueries("retriever", given, dim);
      checkAbort(signal);
      await release(queries, signal);
      checkAbort(signal);
      return search(queries);
    },
    "name",
    { value: mode },
  );
  retriever.outbound = (queries) => pending(checkVectorQueries("preview", queries, dim));
  retriever.hidesQueries = true;
  if (retrieval.space !== undefined) retriever.space = retrieval.space;
  return {
    mode,
    retriever,
    async release(queries = [], signal) {
      checkAbort(signal);
      await release(checkVectorQueries("release", queries, dim), signal);
    },
    async neverSend(items) {
      await ledger.add({ never: checkItemIds("neverSend", items) });
    },
    payload: (item) => retrieval.payload?.(item),
    ledger: () => reportOf(ledger.current(), cap, epsilon),
    outboundLog: () => [...log],
    exportLedger: () => encodeState(ledger.current()),
    async importLedger(given) {
      await ledger.add(decodeState(checkBytes("importLedger", given)));
    },
    close: () => retrieval.close?.(),
  };
}

async function openLocal(options: LocalOptions, shared: Shared): Promise<Retrieval> {
  const { catalogue, cells, shard } = options;
  if ((catalogue === undefined) === (cells === undefined))
    throw new SageError("option", "local: expected either a `catalogue`, or `cells` and `shard`.");
  if (catalogue !== undefined) {
    checkCatalogue("local: catalogue", catalogue);
    return {
      pending: () => [],
      release: async () => undefined,
      search: (queries) => queries.map(({ vector, count }) => catalogue.search(vector, { count })),
      payload: (item) => catalogue.payload(item),
      dim: catalogue.dim,
      space: catalogue.space,
    };
  }
  const count = checkInteger("local: shard", shard, 1, MAX_CELLS);
  return openFetched(options, shared, ({ folder, manifest, codebook }) => ({
    plan: (_, epoch) => {
      const { codebook: hash } = manifest;
      const state = shared.ledger.current();
      return planShard(codebook, { count, hash, epoch, state }, secureDraw);
    },
    messages: (list) => cellMessages(folder, manifest, list, "shard"),
    isSplit: false,
  }));
}

async function openCells(options: CellsOptions, shared: Shared): Promise<Retrieval> {
  const { transport } = options;
  if (!["split", "static", "plain"].includes(transport))
    throw unexpected("cells: transport", "split, static or plain", transport);
  const interests = checkInteger("cells: interests", options.interests ?? 5, 1, MAX_INTERESTS);
  const probes = checkInteger("cells: probes", options.probes ?? 2, 1, MAX_CELLS);
  const counts = { interests, probes };
  if (transport !== "static" && (options.epsilon ?? options.cap) !== undefined)
    throw new SageError("option", `cells: epsilon and cap: expected the transport static.`);
  if (transport === "split") {
    const hosts = checkHosts(options.hosts);
    if (interests * probes > MAX_VECTORS)
      throw new SageError(
        "option",
        `cells: interests x probes: expected at most ${MAX_VECTORS}, saw ${interests * probes}.`,
      );
    return openFetched(options, shared, ({ manifest, codebook }) => ({
      plan: (vectors) => planProbes(codebook, vectors, counts, secureDraw),
      messages: (list) => splitMessages(hosts, manifest, list),
      isSplit: true,
    }));
  }
  if (options.hosts !== undefined)
    throw new SageError(
      "option",
      `cells: hosts: only the transport "split" has hosts, saw transport ${inspect(transport)}: ` +
        "leave the option out.",
    );
  if (transport === "plain")
    return openFetched(options, shared, ({ folder, manifest, codebook }) => ({
      plan: (vectors) => planProbes(codebook, vectors, counts, secureDraw),
      messages: (list) => cellMessages(folder, manifest, list, "plain"),
      isSplit: false,
    }));
  return openStatic(options, counts, shared);
}

/** Subset selection: the mechanism follows from the number of cells in the manifest. */
async function openStatic(
  options: CellsOptions,
  { interests, probes }: { interests: number; probes: number },
  shared: Shared,
): Promise<Retrieval> {
  const requested = checkPositive("cells: epsilon", options.epsilon, MAX_EPSILON);
  const cap = checkPositive("cells: cap", options.cap, MAX_CAP);
  if (requested > cap)
    throw new SageError(
      "option",
      `cells: epsilon: expected at most the cap of ${cap}, saw ${requested}: raise the cap.`,
    );
  let epsilon = 0;
  const retrieval = await openFetched(options, shared, ({ folder, manifest, codebook }) => {
    const { cells, codebook: hash } = manifest;
    const mechanism = subsetMechanism({ cells, size: probes, epsilon: requested });
    epsilon = mechanism.epsilon;
    const kind = { epsilon, sets: interests, size: probes };
    return {
      plan: (vectors, epoch) => {
        const state = shared.ledger.current();
        const release = { interests, mechanism, hash, cap, epoch, state };
        return planSets(codebook, vectors, release, secureDraw);
      },
      messages: (list) => cellMessages(folder, manifest, list, kind),
      isSplit: false,
    };
  });
  return { ...retrieval, epsilon, cap };
}

async function openFetched(
  options: LocalOptions | CellsOptions,
  shared: Shared,
  strategyOf: (opened: OpenedCells) => CellStrategy,
): Promise<Retrieval> {
  checkKeys("cells", options.cells!, ["url", "codebook"]);
  const { url, codebook } = options.cells!;
  const address = checkUrl("cells: url", url);
  if (codebook !== undefined && (typeof codebook !== "string" || !/^[0-9a-f]{64}$/.test(codebook)))
    throw unexpected("cells: codebook", "64 hexadecimal digits", codebook);
  const openedCells = await fetchCodebook(address, codebook, shared.transport);
  const { pending, ...rest } = openCellRetrieval(openedCells, strategyOf(openedCells), shared);
  const { dim, space } = openedCells.manifest;
  return { ...rest, dim, space, pending: (queries) => pending(queries).map(describe) };
}

/** Two addresses of different origins. */
function checkHosts(hosts: CellsOptions["hosts"]): [string, string] {
  const addresses = Array.isArray(hosts)
    ? Array.from(hosts, (host, index) => checkUrl(`cells: hosts[${index}]`, host))
    : [];
  const origins = addresses.map((address) => URL.canParse(address) && new URL(address).origin);
  if (addresses.length === 2 && origins[0] && origins[1] && origins[0] !== origins[1])
    return addresses as [string, string];
  const seen = addresses.map((url) => inspect(nameOfUrl(url))).join(", ");
  throw new SageError(
    "option",
    "cells: hosts: expected two addresses of different origins, run by operators that do not " +
      `collude, saw ${seen === "" ? inspect(hosts) : seen}.`,
  );
}

function openItems(options: ItemsOptions, shared: Shared): Retrieval {
  const { retriever, catalogue, history } = options;
  const mode = options.mode;
  if (typeof retriever !== "function") throw unexpected(`${mode}: retriever`, "one", retriever);
  checkCatalogue(`${mode}: catalogue, a public sample of the items`, catalogue);
  if (mode === "anchors" && typeof history !== "function")
    throw new SageError("option", "anchors: history: expected a function that returns item ids.");
  const interests = checkInteger(`${mode}: interests`, options.interests ?? 8, 1, MAX_INTERESTS);
  const { ledger, epochOf, onOutbound } = shared;
  const context = { mode, retriever, catalogue, interests, history, ledger, epochOf, onOutbound };
  return {
    ...openItemRetrieval(context),
    dim: catalogue.dim,
    space: commonSpace([retriever, catalogue]),
  };
}
