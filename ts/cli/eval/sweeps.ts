/** Sweeps: one option of the sage under test at several values, for the plots of the report. */
import { inspect } from "../../values/check.js";
import { UsageError } from "../command-error.js";
import { makeVariant, type Variant } from "./sage-variant.js";

/** One option, as a path of names, and its values. */
export interface Sweep {
  readonly option: string;
  readonly variants: readonly Variant[];
}

/** The sweeps of an HTML report without --sweep. */
export const DEFAULT_SWEEPS = [
  "interests=1,2,5,10,20",
  "retrieval.cut.spread=.3,.5,.7,1,1.4",
  "retrieval.recency=.01,.03,.1,.3,1",
];

/** Parses OPTION=VALUE,VALUE...; each value is JSON, other text a string. */
export function parseSweep(text: string, common: Readonly<Record<string, unknown>>): Sweep {
  const [, option, list] = /^([A-Za-z]+(?:\.[A-Za-z]+)*)=(.+)$/s.exec(text) ?? [];
  const values = list?.split(",").map((value) => value.trim()) ?? [];
  if (option === undefined || values.length < 2 || values.includes(""))
    throw new UsageError(
      `--sweep: expected OPTION=VALUE,VALUE,..., as in interests=1,5,10, saw ${inspect(text)}`,
    );
  const variants = values.map((value) =>
    makeVariant(`${option}=${value}`, withOption(common, option.split("."), parseValue(value))),
  );
  return { option, variants };
}

/** The options with the one at `path` replaced; the other options stay. */
function withOption(
  options: Readonly<Record<string, unknown>>,
  [name = "", ...rest]: readonly string[],
  value: unknown,
): Record<string, unknown> {
  if (rest.length === 0) return { ...options, [name]: value };
  const inner = options[name];
  // A cut has one rule: another rule is replaced, not joined.
  const base = name !== "cut" && typeof inner === "object" && inner !== null ? inner : {};
  return { ...options, [name]: withOption(base as Record<string, unknown>, rest, value) };
}

function parseValue(text: string): unknown {
  const number = Number(text);
  if (Number.isFinite(number)) return number;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
