/** The command line: options in, checked values out. Whatever is wrong here is a {@link UsageError}. */
import { type ParseArgsConfig, parseArgs } from "node:util";
import { inspect } from "../check.js";
import type { Cut, ProfileOptions } from "../core/options.js";
import { messageOf, UsageError } from "./command-error.js";
import { HOW_TO_WRITE_TIMES, readTime } from "./read/time.js";

type Options = NonNullable<ParseArgsConfig["options"]>;
type Parsed<T extends Options> = ReturnType<
  typeof parseArgs<{ args: string[]; options: T; allowPositionals: true }>
>;

/** The options of a command, and at most so many arguments that are not options: the first alone, and all. */
export function parseOptions<T extends Options>(
  args: string[],
  options: T,
  most = 1,
): { values: Parsed<T>["values"]; argument: string | undefined; all: string[] } {
  const { values, positionals } = parse(args, options);
  if (positionals.length > most)
    throw new UsageError(`one argument too many: ${inspect(positionals[most])}`);
  return { values, argument: positionals[0], all: positionals };
}

/** The value of an option that must be there. */
export function need(name: string, value: string | undefined): string {
  if (value) return value;
  throw new UsageError(`${name} is missing`);
}

/** A whole number of at least 1. */
export function parseCount(name: string, text: string): number {
  const number = parseNumber(name, text);
  if (Number.isSafeInteger(number) && number >= 1) return number;
  throw new UsageError(`${name}: expected a whole number of at least 1, saw ${inspect(text)}`);
}

/** A finite number. */
export function parseNumber(name: string, text: string): number {
  const number = text.trim() === "" ? NaN : Number(text);
  if (Number.isFinite(number)) return number;
  throw new UsageError(`${name}: expected a number, saw ${inspect(text)}`);
}

/** A time in milliseconds. */
export function parseTime(name: string, text: string): number {
  const time = readTime(text);
  if (time !== undefined) return time;
  throw new UsageError(`${name}: expected ${HOW_TO_WRITE_TIMES}, saw ${inspect(text)}`);
}

/** One of a few words. */
export function parseWord<T extends string>(name: string, text: string, words: readonly T[]): T {
  const word = words.find((known) => known === text);
  if (word) return word;
  throw new UsageError(`${name}: expected ${words.join(", ")}, saw ${inspect(text)}`);
}

/** `auto`, or a way to cut and its number: `cosine=0.6`. */
export function parseCut(text: string): Cut {
  if (text === "auto") return text;
  const [kind = "", number = ""] = text.split(/=(.*)/s);
  const cut = CUTS.get(kind);
  if (cut) return cut(parseNumber(`--cut ${kind}`, number));
  throw new UsageError(
    `--cut: expected auto or ${[...CUTS.keys()].map((known) => `${known}=NUMBER`).join(", ")}, saw ${inspect(text)}`,
  );
}

/** How much each kind of action counts: ["save=3", "click=1"]. */
export function parseKinds(pairs: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, kind, weight = ""] = /^(.+)=([^=]*)$/s.exec(pair) ?? [];
      if (kind === undefined)
        throw new UsageError(`--kind: expected KIND=WEIGHT, saw ${inspect(pair)}`);
      return [kind, parseNumber(`--kind ${kind}`, weight)];
    }),
  );
}

/** What to do with lonely actions. */
export function parseSingletons(text: string): NonNullable<ProfileOptions["singletons"]> {
  return parseWord("--singletons", text, ["keep", "drop", "attach"]);
}

const CUTS: ReadonlyMap<string, (number: number) => Cut> = new Map([
  ["cosine", (cosine: number): Cut => ({ cosine })],
  ["threshold", (threshold: number): Cut => ({ threshold })],
  ["count", (count: number): Cut => ({ count })],
  ["spread", (spread: number): Cut => ({ spread })],
]);

function parse<T extends Options>(args: string[], options: T): Parsed<T> {
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}
