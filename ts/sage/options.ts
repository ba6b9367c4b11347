/** Validation and defaults of the options of `openSage`. */
import { Catalogue } from "../catalogue/catalogue.js";
import { checkInteger, checkKeys, checkPositive, inspect } from "../check.js";
import { withCore } from "../core/glue.js";
import type { CoreOptions } from "../core/interface.js";
import { encodeProfileOptions } from "../core/options.js";
import { SageError } from "../errors.js";
import type { Retriever, VectorSource } from "../retriever.js";
import { memoryStore } from "../store/memory.js";
import type { Store } from "../store/store.js";
import type { SageOptions } from "./types.js";

const OPTION_NAMES = [
  ...[
    "dim",
    "catalogue",
    "retriever",
    "vectors",
    "store",
    "kinds",
    "maxActions",
    "maxAgeDays",
    "unreadable",
    "now",
  ],
  ...["cut", "singletons", "halfLifeDays", "lambda", "memory"],
];
const MS_PER_DAY = 86_400_000;

/** {@link SageOptions} with defaults filled in. */
export interface Settings {
  readonly dim: number;
  readonly catalogue: Catalogue | undefined;
  readonly retriever: Retriever | undefined;
  readonly vectors: VectorSource | undefined;
  readonly store: Store;
  readonly kinds: ReadonlyMap<string, number>;
  readonly maxActions: number;
  /** Milliseconds. */
  readonly maxAge: number;
  readonly setAsideUnreadable: boolean;
  /** The profile options, encoded for the core. */
  readonly core: CoreOptions;
  readonly now: () => number;
}

/**
 * Validate the options and fill in defaults; errors name the option. Requires the loaded wasm:
 * the core validates the profile options.
 */
export function checkSettings(options: SageOptions): Settings {
  checkKeys("openSage", options, OPTION_NAMES);
  const {
    catalogue,
    retriever,
    vectors,
    store = memoryStore(),
    unreadable = "reject",
    now = Date.now,
  } = options;
  if (catalogue !== undefined && !(catalogue instanceof Catalogue))
    throw optionError("catalogue", "a Catalogue", catalogue);
  if (retriever !== undefined && typeof retriever !== "function")
    throw optionError("retriever", "a function", retriever);
  if (vectors !== undefined && typeof vectors !== "function")
    throw optionError("vectors", "a function", vectors);
  if (
    !["load", "save", "clear"].every((method) => typeof store?.[method as "load"] === "function")
  ) {
    throw optionError("store", "an object with load, save and clear", store);
  }
  if (typeof now !== "function")
    throw optionError("now", "a function that returns milliseconds", now);
  if (unreadable !== "reject" && unreadable !== "set-aside")
    throw optionError("unreadable", '"reject" or "set-aside"', unreadable);
  const kinds = options.kinds ?? {};
  checkKeys("openSage: kinds", kinds, Object.keys(kinds));
  const settings: Settings = {
    dim: resolveDim(options.dim, catalogue),
    catalogue,
    retriever,
    vectors,
    store,
    kinds: new Map(
      Object.entries(kinds).map(([kind, weight]) => [
        kind,
        checkPositive(`openSage: kinds.${kind}`, weight),
      ]),
    ),
    maxActions:
      options.maxActions === undefined
        ? 10_000
        : checkInteger("openSage: maxActions", options.maxActions),
    maxAge:
      options.maxAgeDays === undefined
        ? Infinity
        : checkPositive("openSage: maxAgeDays", options.maxAgeDays) * MS_PER_DAY,
    setAsideUnreadable: unreadable === "set-aside",
    core: encodeProfileOptions(options, catalogue?.spread),
    now,
  };
  // An empty profile makes the core validate its options now, not at the first recommendation.
  withCore((core) =>
    core.profile(
      new Float32Array(),
      settings.dim,
      new Float64Array(),
      new Float64Array(),
      0,
      settings.core,
    ),
  );
  return settings;
}

function resolveDim(dim: number | undefined, catalogue: Catalogue | undefined): number {
  if (dim === undefined && !catalogue) {
    throw new SageError(
      "option",
      "openSage: pass a `catalogue`, or `dim`, the length of the vectors.",
    );
  }
  const vectorLength = dim === undefined ? catalogue!.dim : checkInteger("openSage: dim", dim);
  if (catalogue && vectorLength !== catalogue.dim) {
    throw new SageError(
      "dimension",
      `openSage: dim is ${vectorLength}, but the catalogue has ${catalogue.dim} dimensions.`,
    );
  }
  return vectorLength;
}

function optionError(option: string, expected: string, seen: unknown): SageError {
  return new SageError(
    "option",
    `openSage: ${option}: expected ${expected}, saw ${inspect(seen)}.`,
  );
}
