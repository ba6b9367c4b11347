/** Validation and defaults of the options of `openSage`. */
import { Catalogue } from "../catalogue/catalogue.js";
import { checkCatalogue } from "../catalogue/check-catalogue.js";
import { withCore } from "../core/glue.js";
import type { CoreOptions } from "../core/interface.js";
import { encodeProfileOptions } from "../core/options.js";
import { openSession } from "../core/session.js";
import { SageError } from "../errors.js";
import type { ItemId } from "../item.js";
import type { Retriever, VectorSource } from "../retriever.js";
import { memoryStore } from "../store/memory.js";
import { checkStore, type Store } from "../store/store.js";
import {
  checkChoice,
  checkDim,
  checkFinite,
  checkFunction,
  checkInteger,
  checkKeys,
  checkPositive,
  checkWeight,
  unexpected,
} from "../values/check.js";
import { LIMITS } from "../values/limits.js";
import { checkSpace, commonSpace, type InSpace } from "../values/space.js";
import { MS_PER_DAY } from "../values/time.js";
import type { Showing } from "./shown.js";
import { checkedClock } from "./time.js";
import type { RetrievalOptions, SageOptions } from "./types.js";

const OPTION_NAMES = [
  "dim",
  "space",
  "catalogue",
  "retriever",
  "vectors",
  "store",
  "kinds",
  "maxActions",
  "maxAgeDays",
  "unreadable",
  "storeTimeoutMs",
  "now",
  "cut",
  "singletons",
  "halfLifeDays",
  "lambda",
  "memory",
  "retrieval",
];
const STORE_TIMEOUT_MS = 10_000;
const MAX_TIMER_MS = 2 ** 31 - 1;
const DEFAULT_MAX_ACTIONS = 10_000;
/** Bytes for the default of `maxActions`: vectors of many dimensions lower that default. */
const MAX_DEFAULT_MEMORY_BYTES = 4 * LIMITS.defaultMemory;
/** Maximum memory for clustering: half of the 4 GiB of wasm memory, to leave room for sessions. */
const MAX_MEMORY_BYTES = 2 ** 31;

/** {@link SageOptions} with defaults filled in. */
export interface Settings extends InSpace {
  readonly dim: number;
  readonly catalogue: Catalogue | undefined;
  readonly retriever: Retriever | undefined;
  readonly vectors: VectorSource | undefined;
  readonly store: Store;
  readonly kinds: ReadonlyMap<string, number>;
  readonly maxActions: number;
  /** Maximum age of an action, in milliseconds. */
  readonly maxAge: number;
  readonly setAsideUnreadable: boolean;
  readonly storeTimeoutMs: number;
  /** The profile options, encoded for the core. */
  readonly core: CoreOptions;
  readonly retrieval: {
    readonly core: CoreOptions;
    /** The same options with a cut at 0: items whose vectors differ are never merged. */
    readonly itemByItem: CoreOptions;
    /** Decay per day of centres, and of the average where priors have full influence. */
    readonly recency: number;
  };
  readonly now: () => number;
  /** The showings of items: in memory only, kept when the memory budget releases the sage. */
  readonly shown: Map<ItemId, Showing>;
  /** The listeners of `subscribe`. */
  readonly listeners: Set<() => void>;
}

/**
 * Validate the options and fill in defaults; errors name the option. Requires the loaded wasm:
 * the core validates the profile options.
 */
export function checkSettings(options: SageOptions): Settings {
  if (options instanceof Catalogue) throw unexpected("openSage", "{ catalogue }", options);
  checkKeys("openSage", options, OPTION_NAMES);
  const {
    catalogue,
    retriever,
    vectors,
    store = memoryStore(),
    unreadable = "reject",
    storeTimeoutMs = STORE_TIMEOUT_MS,
    now = Date.now,
  } = options;
  if (catalogue !== undefined) checkCatalogue("openSage: catalogue", catalogue);
  if (retriever !== undefined) checkFunction("openSage: retriever", retriever);
  if (vectors !== undefined) checkFunction("openSage: vectors", vectors);
  checkStore("openSage: store", store);
  checkFunction("openSage: now", now);
  const isSetAside = checkChoice("openSage: unreadable", unreadable, ["reject", "set-aside"]) > 0;
  const kinds = options.kinds ?? {};
  checkKeys("openSage: kinds", kinds, Object.keys(kinds));
  const space = commonSpace([{ space: checkSpace("openSage", options) }, catalogue, retriever]);
  const dim = resolveDim(options.dim, catalogue);
  if (options.maxActions !== undefined) checkInteger("openSage: maxActions", options.maxActions);
  checkProfileOptions(encodeProfileOptions(options, catalogue?.spread), dim);
  const { maxActions, memory } = resolveCapacity(options, dim);
  const retrieval = checkRetrieval(options.retrieval, dim, memory, catalogue?.spread);
  return {
    dim,
    space,
    catalogue,
    retriever,
    vectors,
    store,
    kinds: new Map(
      Object.entries(kinds).map(([kind, weight]) => [
        kind,
        checkWeight(`openSage: kinds.${kind}`, weight),
      ]),
    ),
    maxActions,
    maxAge:
      options.maxAgeDays === undefined
        ? Infinity
        : checkPositive("openSage: maxAgeDays", options.maxAgeDays) * MS_PER_DAY,
    setAsideUnreadable: isSetAside,
    storeTimeoutMs: checkInteger("openSage: storeTimeoutMs", storeTimeoutMs, 1, MAX_TIMER_MS),
    core: encodeProfileOptions({ ...options, memory }, catalogue?.spread),
    retrieval,
    now: checkedClock(now),
    listeners: new Set(),
    shown: new Map(),
  };
}

/** Makes the core validate the options now, not at the first recommendation. */
function checkProfileOptions(options: CoreOptions, dim: number): void {
  const emptyArray = new Float64Array();
  withCore((core) => core.profile(new Float32Array(), dim, emptyArray, emptyArray, 0, options));
}

/** The options of retrieval with their defaults (docs/decisions/0034-mixture.md). */
function checkRetrieval(
  options: RetrievalOptions = {},
  dim: number,
  memory: number,
  spread: number | undefined,
): Settings["retrieval"] {
  checkKeys("openSage: retrieval", options, ["cut", "lambda", "recency"]);
  const { cut = { spread: 0.7 }, lambda = 0.03, recency = 0.1 } = options;
  const core = encodeProfileOptions({ cut, lambda, memory }, spread);
  const itemByItem = encodeProfileOptions({ cut: { threshold: 0 }, lambda, memory }, spread);
  const session = openSession(dim);
  try {
    session.retrieval([], 0, core, checkFinite("openSage: retrieval.recency", recency), 0);
  } finally {
    session.close();
  }
  return { core, itemByItem, recency };
}

/**
 * The maximum number of actions kept, and the memory in which they are clustered. The default of
 * each fits the other. Throws code "option" if both are given and the actions do not fit.
 */
function resolveCapacity(
  { maxActions, memory }: SageOptions,
  dim: number,
): { maxActions: number; memory: number } {
  const actionBytes = withCore((core) => core.bytesPerAction(dim));
  const memoryIfUnset = maxActions === undefined ? MAX_DEFAULT_MEMORY_BYTES : MAX_MEMORY_BYTES;
  const maxFittingActions = Math.floor(
    Math.min(memory ?? memoryIfUnset, MAX_MEMORY_BYTES) / actionBytes,
  );
  const actionLimit = maxActions ?? Math.max(1, Math.min(DEFAULT_MAX_ACTIONS, maxFittingActions));
  const neededBytes = actionLimit * actionBytes;
  if (actionLimit <= maxFittingActions)
    return {
      maxActions: actionLimit,
      memory: memory ?? Math.max(LIMITS.defaultMemory, neededBytes),
    };
  const remedies = [
    ...(neededBytes <= MAX_MEMORY_BYTES ? [`memory to at least ${neededBytes}`] : []),
    ...(maxFittingActions > 0 ? [`maxActions to at most ${maxFittingActions}`] : []),
  ];
  throw new SageError(
    "option",
    `openSage: ${actionLimit} actions (maxActions) of ${dim} dimensions need ${neededBytes} ` +
      `bytes of memory, more than ${memory ?? MAX_MEMORY_BYTES}: set ${remedies.join(", or ")}.`,
  );
}

function resolveDim(dim: number | undefined, catalogue: Catalogue | undefined): number {
  if (dim === undefined && !catalogue) {
    throw new SageError(
      "option",
      "openSage: pass a `catalogue`, or `dim`, the length of the vectors.",
    );
  }
  const vectorLength = dim === undefined ? catalogue!.dim : checkDim("openSage: dim", dim);
  if (catalogue && vectorLength !== catalogue.dim) {
    throw new SageError(
      "dimension",
      `openSage: dim is ${vectorLength}, but the catalogue has ${catalogue.dim} dimensions.`,
    );
  }
  return vectorLength;
}
