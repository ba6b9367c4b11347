/** Profile options on their way into the core: names become numbers here, and the core checks the ranges. */
import { inspect } from "../check.js";
import { SageError } from "../errors.js";
import type { CoreOptions } from "./interface.js";

/**
 * Where the tree is cut. `threshold` is the Ward height (squared distance, Lance-Williams units); `cosine` the similarity at which two
 * single actions of unit length still merge (threshold = 2 (1 - cosine)); `count` a fixed number of interests; `spread` the threshold as a
 * multiple of the catalogue's spread, the mean squared distance of random pairs of its items.
 */
export type Cut =
  | "auto"
  | { threshold: number }
  | { cosine: number }
  | { count: number }
  | { spread: number };

/** How actions become interests. */
export interface ProfileOptions {
  /** Default: "auto". */
  cut?: Cut;
  /** What becomes of an action that merges with no other: an interest of its own, nothing, or part of the nearest. Default: "keep". */
  singletons?: "keep" | "drop" | "attach";
  /** Days after which an action counts half. (lambda = ln 2 / halfLifeDays) */
  halfLifeDays?: number;
  /** The decay itself, per day, instead of `halfLifeDays`. Default: 0.01, a half-life of 69 days. */
  lambda?: number;
  /** Bytes the clustering may take, vectors included; more can be faster, and the result is the same. Default: 128 MiB. */
  memory?: number;
}

// In the order of the enums in src/options.rs.
const CUT_KINDS = ["auto", "threshold", "cosine", "count", "spread"];
const SINGLETONS = ["keep", "drop", "attach"];

/** The profile options that were given, in the shape the core reads. `spread` is the catalogue's, where there is one. */
export function encodeProfileOptions(
  given: ProfileOptions,
  spread: number | undefined,
): CoreOptions {
  const { cut = "auto", singletons = "keep", halfLifeDays, lambda, memory } = given;
  return Float64Array.of(
    ...encodeCut(cut),
    indexOfChoice("singletons", singletons, SINGLETONS),
    numberOrNaN("halfLifeDays", halfLifeDays),
    numberOrNaN("lambda", lambda),
    spread === 0 ? NaN : numberOrNaN("spread", spread),
    numberOrNaN("memory", memory),
  );
}

function encodeCut(cut: unknown): [kind: number, value: number] {
  if (cut === "auto") return [0, NaN];
  const entries = typeof cut === "object" && cut !== null ? Object.entries(cut) : [];
  const [kind, value] = entries[0] ?? [];
  if (
    entries.length !== 1 ||
    kind === "auto" ||
    !CUT_KINDS.includes(kind!) ||
    value === undefined
  ) {
    const seen =
      entries.length > 0 ? `{ ${entries.map(([name]) => name).join(", ")} }` : inspect(cut);
    throw new SageError(
      "option",
      `cut: expected "auto", { threshold }, { cosine }, { count } or { spread }, saw ${seen}.`,
    );
  }
  return [CUT_KINDS.indexOf(kind!), numberOrNaN(`cut.${kind}`, value)];
}

function indexOfChoice(where: string, value: unknown, choices: readonly string[]): number {
  const index = choices.indexOf(value as string);
  if (index >= 0) return index;
  throw new SageError(
    "option",
    `${where}: expected ${choices.map((choice) => `"${choice}"`).join(" or ")}, saw ${inspect(value)}.`,
  );
}

function numberOrNaN(where: string, value: unknown): number {
  if (value === undefined) return NaN;
  if (typeof value === "number" && !Number.isNaN(value)) return value;
  throw new SageError("option", `${where}: expected a number, saw ${inspect(value)}.`);
}
