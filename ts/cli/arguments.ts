/** Command-line options, parsed and checked. Every invalid value is a {@link UsageError}. */
import { type ParseArgsConfig, parseArgs } from "node:util";
import type { Cut, ProfileOptions } from "../core/options.js";
import { inspect } from "../values/check.js";
import { LIMITS } from "../values/limits.js";
import { detectOtherTimeFormat, parseIsoTime } from "../values/time.js";
import { messageOf, UsageError } from "./command-error.js";
import { parseDecimal } from "./read/number.js";
import { readTime, TIME_FORMATS } from "./read/time.js";
import { suggest } from "./suggest.js";

type OptionTable = NonNullable<ParseArgsConfig["options"]>;
type ParsedArguments<T extends OptionTable> = ReturnType<
  typeof parseArgs<{ args: string[]; options: T; allowPositionals: true }>
>;

/** The option values of a command and its positional arguments, at most `max`. */
export function parseArguments<T extends OptionTable>(
  args: string[],
  options: T,
  max = 1,
): ParsedArguments<T> {
  const parsedArguments = parseNodeArgs(args, options);
  const { positionals } = parsedArguments;
  if (positionals.length > max)
    throw new UsageError(
      `expected at most ${max} ${max === 1 ? "argument" : "arguments"}, saw ` +
        `${positionals.length}: ${positionals.map(inspect).join(", ")}`,
    );
  return parsedArguments;
}

/** The value of a required argument or option; `name` describes it in the error. */
export function requireValue(name: string, value: string | undefined): string {
  if (value) return value;
  throw new UsageError(`${name} is missing`);
}

/** Parses a whole number; by default, one that the library accepts as a count. */
export function parseInteger(
  option: string,
  text: string,
  min = 1,
  max: number = LIMITS.maxCount,
): number {
  const number = parseNumber(option, text);
  if (Number.isSafeInteger(number) && number >= min && number <= max) return number;
  throw new UsageError(
    `${option}: expected a whole number from ${min} to ${max}, saw ${inspect(text)}`,
  );
}

/** Parses a finite number. */
export function parseNumber(option: string, text: string): number {
  const number = parseDecimal(text.trim());
  if (Number.isFinite(number)) return number;
  throw new UsageError(`${option}: expected a number, saw ${inspect(text)}`);
}

/** Parses a number from `min` to `max`. */
export function parseRange(option: string, text: string, min: number, max: number): number {
  const number = parseNumber(option, text);
  if (number >= min && number <= max) return number;
  throw new UsageError(`${option}: expected a number from ${min} to ${max}, saw ${inspect(text)}`);
}

/** Parses a number from 0 to 1. */
export function parseShare(option: string, text: string): number {
  return parseRange(option, text, 0, 1);
}

/** Days from a text such as "30" or "30d". */
export function parseDays(option: string, text: string): number {
  const days = parseNumber(option, text.trim().replace(/d$/, ""));
  if (days > 0) return days;
  throw new UsageError(`${option}: expected days above 0, as in 30d, saw ${inspect(text)}`);
}

/** Parses the option --half-life: days, or none for Infinity. */
export function parseHalfLife(text: string): number {
  return text === "none" ? Infinity : parseDays("--half-life", text);
}

/** Parses a time to milliseconds since the epoch. */
export function parseTime(option: string, text: string): number {
  const time = readTime(text);
  const isNumber = parseIsoTime(text.trim()) === undefined;
  const otherFormat = isNumber && time !== undefined ? detectOtherTimeFormat(time) : undefined;
  if (time !== undefined && otherFormat === undefined) return time;
  const reason = otherFormat
    ? `, which looks like ${otherFormat === "date" ? "a date" : otherFormat}`
    : "";
  throw new UsageError(`${option}: expected ${TIME_FORMATS}, saw ${inspect(text)}${reason}`);
}

/** Parses an option whose value must be one of `choices`. */
export function parseChoice<T extends string>(
  option: string,
  text: string,
  choices: readonly T[],
): T {
  const choice = choices.find((candidate) => candidate === text);
  if (choice) return choice;
  throw new UsageError(`${option}: expected ${choices.join(", ")}, saw ${inspect(text)}`);
}

/** Parses the option --cut: `auto`, or a cut rule and its number, as in `cosine=0.6`. */
export function parseCut(text: string): Cut {
  if (text === "auto") return text;
  const [rule = "", number = ""] = text.split(/=(.*)/s);
  const makeCut = CUT_RULES.get(rule);
  if (makeCut) return makeCut(parseNumber(`--cut ${rule}`, number));
  const rules = [...CUT_RULES.keys()].map((name) => `${name}=NUMBER`).join(", ");
  throw new UsageError(`--cut: expected auto, ${rules}, saw ${inspect(text)}`);
}

/** The weight of each kind of action, from KIND=WEIGHT pairs as in ["save=3", "click=1"]. */
export function parseKindWeights(pairs: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, kind, weight = ""] = /^(.+)=([^=]*)$/s.exec(pair) ?? [];
      if (kind === undefined)
        throw new UsageError(`--kind: expected KIND=WEIGHT, saw ${inspect(pair)}`);
      return [kind, parseNumber(`--kind ${kind}`, weight)];
    }),
  );
}

/** What happens to clusters of one action. */
export function parseSingletons(text: string): NonNullable<ProfileOptions["singletons"]> {
  return parseChoice("--singletons", text, ["keep", "drop", "attach"]);
}

const CUT_RULES: ReadonlyMap<string, (number: number) => Cut> = new Map([
  ["cosine", (cosine: number): Cut => ({ cosine })],
  ["threshold", (threshold: number): Cut => ({ threshold })],
  ["count", (count: number): Cut => ({ count })],
  ["spread", (spread: number): Cut => ({ spread })],
]);

function parseNodeArgs<T extends OptionTable>(args: string[], options: T): ParsedArguments<T> {
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(describeParseError(error, options));
  }
}

/** The message of an error of node:util's `parseArgs`, in the words of this command line. */
function describeParseError(error: unknown, options: OptionTable): string {
  const message = messageOf(error).replaceAll("\n", " ");
  const option = /'(--?[^' =<,]+(?:, --[^' =<,]+)?)/.exec(message)?.[1];
  if (option === undefined) return message;
  const names = Object.keys(options).map((name) => `--${name}`);
  switch ((error as NodeJS.ErrnoException).code) {
    case "ERR_PARSE_ARGS_UNKNOWN_OPTION":
      return `unknown option ${option}${suggest(option, names)}`;
    case "ERR_PARSE_ARGS_INVALID_OPTION_VALUE":
      if (message.includes("does not take an argument")) return `${option}: takes no value`;
      if (!message.includes("ambiguous")) return `${option}: expected a value, saw none`;
      return (
        `${option}: expected a value, saw another option; a value that begins with - needs the ` +
        `long name and =, as in ${option.startsWith("--") ? option : "--count"}=-1`
      );
    default:
      return message;
  }
}
