/** Options of a catalogue: how it is built, and how it is searched. */
import type { ItemId } from "../item.js";
import type { Filter } from "./filter.js";

/** Options of `search` and `searchMany`. */
export interface SearchOptions {
  /** Maximum number of hits per query, a whole number from 1 to 2^32 - 1. Default: 20. */
  count?: number;
  /**
   * Number of best hits to skip, as for the next page; at least 0. Pages of an exact search neither
   * overlap nor leave gaps; those of an approximate one may, where a later page finds an item that
   * an earlier one missed. Default: 0.
   */
  offset?: number;
  /** Minimum score of a hit, a finite number. Default: none. */
  minScore?: number;
  /** Items to leave out. Unknown ids are ignored. Default: none. */
  exclude?: Iterable<ItemId>;
  /** Condition that hits must meet, on the attributes of the catalogue. Default: none. */
  filter?: Filter;
  /**
   * Whether to compute the score of every item. If false, two approximations may miss a hit: in a
   * catalogue with inverted lists (`lists`), only the nearest lists are scanned; and from 8,192
   * items on (except for the metric "l2"), every search but the first skips items whose sketch (one
   * bit per dimension) estimates a score three standard deviations too low for a hit. Default:
   * false.
   */
  exact?: boolean;
  /**
   * Whether near-duplicates are hits: items whose attribute `variantOf` names another item, as
   * `pocketsage build --near-duplicates group` writes it. If false, only the item named can be a
   * hit, and excluding a variant excludes that item too. Default: false.
   */
  variants?: boolean;
}

/** The names of the options of a search, by vectors or by words. */
export const SEARCH_OPTION_NAMES: readonly (keyof SearchOptions)[] = [
  "count",
  "offset",
  "minScore",
  "exclude",
  "filter",
  "exact",
  "variants",
];

/**
 * The measure of similarity; scores are higher for nearer items. "cosine": the cosine, in [-1, 1].
 * "ip": the inner product. "l2": the negated squared Euclidean distance, at most 0.
 */
export type Metric = "cosine" | "ip" | "l2";

/** Options of `Catalogue.from`. */
export interface CatalogueOptions {
  /** Number of components of each vector: 1 to 32,768. */
  dim: number;
  /** Bytes per component: "full" takes 2, "compact" 1. Default: "full". */
  precision?: "full" | "compact";
  /** Default: "cosine". */
  metric?: Metric;
  /**
   * Names of payload fields that filters can read. Values are numbers, or else strings, booleans,
   * and lists of these; a field has one of the two kinds throughout. Default: none.
   */
  attributes?: readonly string[];
  /**
   * Name of the vector space, 1 to 128 characters: the model, its revision, and all else that
   * changes its vectors. Vectors of two named spaces are never mixed. Default: none.
   */
  space?: string;
}

/** The precisions, in the order of their numbers in the core. */
export const PRECISIONS = ["full", "compact"] as const;

/** The metrics, in the order of their numbers in the core. */
export const METRICS = ["cosine", "ip", "l2"] as const;
