/** The options of a taste, checked and completed once. */
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

const KNOWN = [
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

/** {@link SageOptions} with every default filled in. */
export interface Settings {
  readonly dim: number;
  readonly catalogue: Catalogue | undefined;
  readonly retriever: Retriever | undefined;
  readonly vectors: VectorSource | undefined;
  readonly store: Store;
  readonly kinds: ReadonlyMap<string, number>;
  readonly maxActions: number;
  readonly maxAge: number;
  readonly setAside: boolean;
  readonly core: CoreOptions;
  readonly now: () => number;
}

/** The settings these options ask for, or an error that names the option. The wasm must be loaded: the core checks its own options. */
export function checkSettings(options: SageOptions): Settings {
  checkKeys("openSage", options, KNOWN);
  const {
    catalogue,
    retriever,
    vectors,
    store = memoryStore(),
    unreadable = "reject",
    now = Date.now,
  } = options;
  if (catalogue !== undefined && !(catalogue instanceof Catalogue))
    throw expected("catalogue", "a Catalogue", catalogue);
  if (retriever !== undefined && typeof retriever !== "function")
    throw expected("retriever", "a function", retriever);
  if (vectors !== undefined && typeof vectors !== "function")
    throw expected("vectors", "a function", vectors);
  if (
    !["load", "save", "clear"].every((method) => typeof store?.[method as "load"] === "function")
  ) {
    throw expected("store", "an object with load, save and clear", store);
  }
  if (typeof now !== "function") throw expected("now", "a function that gives milliseconds", now);
  if (unreadable !== "reject" && unreadable !== "set-aside")
    throw expected("unreadable", '"reject" or "set-aside"', unreadable);
  const kinds = options.kinds ?? {};
  checkKeys("openSage: kinds", kinds, Object.keys(kinds));
  const settings: Settings = {
    dim: checkDim(options.dim, catalogue),
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
    setAside: unreadable === "set-aside",
    core: encodeProfileOptions(options, catalogue?.spread),
    now,
  };
  // An empty profile costs nothing and has the core check the rest now, not at the first recommendation.
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

function checkDim(dim: number | undefined, catalogue: Catalogue | undefined): number {
  if (dim === undefined && !catalogue) {
    throw new SageError(
      "option",
      "openSage: pass a `catalogue`, or `dim`, the length of the vectors you will record.",
    );
  }
  const length = dim === undefined ? catalogue!.dim : checkInteger("openSage: dim", dim);
  if (catalogue && length !== catalogue.dim) {
    throw new SageError(
      "dimension",
      `openSage: dim is ${length}, but the catalogue's vectors have ${catalogue.dim} numbers.`,
    );
  }
  return length;
}

function expected(option: string, what: string, seen: unknown): SageError {
  return new SageError("option", `openSage: ${option}: expected ${what}, saw ${inspect(seen)}.`);
}
