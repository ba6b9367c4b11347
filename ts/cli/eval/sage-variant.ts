/**
 * PocketSage under test: the shipped wasm through the public API, with the options of a variant.
 */

import { isSageError } from "../../errors.js";
import { Catalogue, openSage, type RecommendOptions, type SageOptions } from "../../index.js";
import { inspect } from "../../values/check.js";
import { MS_PER_DAY } from "../../values/time.js";
import { messageOf, UsageError } from "../command-error.js";
import type { EvalCase, EvalData } from "./accounts.js";

/** Options by the call that takes them. */
export interface Variant {
  readonly name: string;
  readonly sage: Readonly<Record<string, unknown>>;
  readonly recommend: Readonly<Record<string, unknown>>;
}

/** Options of openSage; all others are those of recommend. */
const SAGE_OPTIONS = new Set([
  "cut",
  "retrieval",
  "singletons",
  "halfLifeDays",
  "lambda",
  "memory",
  "maxActions",
  "maxAgeDays",
]);
/** The clock of every sage: ages are what counts, and times of logs may be before 1970. */
const NOW = Date.UTC(2026, 0, 1);

/**
 * A variant from NAME='{"cut": {"spread": 0.7}, "interests": 10}'. Options of openSage and of
 * recommend may stand side by side, or in objects "sage" and "recommend".
 */
export function parseVariant(text: string, common: Readonly<Record<string, unknown>>): Variant {
  const [, name = "", json = ""] = /^([^={]+)=(.*)$/s.exec(text) ?? [];
  const value = name === "" ? undefined : parseJson(`--variant ${name}`, json);
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new UsageError(`--variant: expected NAME={"option": value}, saw ${inspect(text)}`);
  return makeVariant(name, { ...common, ...value });
}

/** The options of --option NAME=JSON; text that is not JSON is a string. */
export function parseOption(text: string): [name: string, value: unknown] {
  const [, name, json = ""] = /^([\w.-]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined)
    throw new UsageError(`--option: expected NAME=VALUE, saw ${inspect(text)}`);
  try {
    return [name, JSON.parse(json)];
  } catch {
    return [name, json];
  }
}

export function makeVariant(name: string, options: Readonly<Record<string, unknown>>): Variant {
  const { sage, recommend, ...flat } = options as Record<string, object | undefined>;
  const entries = Object.entries(flat);
  const isSageOption = ([option]: [string, unknown]): boolean => SAGE_OPTIONS.has(option);
  return {
    name,
    sage: { ...Object.fromEntries(entries.filter(isSageOption)), ...sage },
    recommend: {
      ...Object.fromEntries(entries.filter((entry) => !isSageOption(entry))),
      ...recommend,
    },
  };
}

function parseJson(option: string, json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new UsageError(`${option}: not JSON: ${messageOf(error)}`);
  }
}

/** The catalogue that all variants search: the vectors of the data, as `build` stores them. */
export function buildCatalogue({ vectors }: EvalData): Promise<Catalogue> {
  const { ids, values, dim } = vectors;
  return Catalogue.from(
    ids.map((id, row) => [id, values.subarray(row * dim, (row + 1) * dim)] as const),
    { dim },
  );
}

/** The rows that a new sage with the case's history recommends, best first. */
export async function recommendBySage(
  variant: Variant,
  catalogue: Catalogue,
  { ids, rowOf }: { ids: readonly string[]; rowOf: ReadonlyMap<string, number> },
  evalCase: EvalCase,
  count: number,
): Promise<Int32Array> {
  const options = { ...variant.sage, catalogue, now: () => NOW } as SageOptions;
  try {
    await using sage = await openSage(options);
    await sage.record(
      Array.from(evalCase.history, (row, position) => ({
        item: ids[row]!,
        at: Math.round(NOW - (evalCase.idleDays + evalCase.ages[position]!) * MS_PER_DAY),
      })),
    );
    const exclude = Array.from(evalCase.seen, (row) => ids[row]!);
    const answer = await sage.recommend({
      count,
      exclude,
      ...variant.recommend,
    } as RecommendOptions);
    return Int32Array.from(answer, ({ item }) => rowOf.get(item)!);
  } catch (error) {
    if (isSageError(error) && (error.code === "option" || error.code === "not-finite"))
      throw new UsageError(`${variant.name}: ${error.message}`);
    throw error;
  }
}
