/** Times of actions: the unit of numbers is given, or detected and reported. */
import { inspect } from "../../values/check.js";
import { detectOtherTimeFormat, parseIsoTime } from "../../values/time.js";
import { InputError } from "../command-error.js";
import { parseDecimal } from "./number.js";
import type { OnNote } from "./row.js";
import { TIME_FORMATS } from "./time.js";

/** Milliseconds per unit of time. */
const MS_PER_UNIT = { s: 1000, ms: 1, us: 1e-3, ns: 1e-6 } as const;
type Unit = keyof typeof MS_PER_UNIT;

export const TIME_UNITS = ["auto", "s", "ms", "us", "ns"] as const;
export type TimeUnit = (typeof TIME_UNITS)[number];

const UNIT_NAMES = { s: "seconds", ms: "milliseconds", us: "microseconds", ns: "nanoseconds" };
const DETECTED_UNITS = { seconds: "s", microseconds: "us", nanoseconds: "ns" } as const;
/** Numbers below this have no plausible unit and are read as milliseconds. */
const MIN_PLAUSIBLE = 1e8;

/** Reads the times of one file, in which numbers must have one unit. */
export function actionTimeReader(
  unit: TimeUnit,
  onNote: OnNote,
): (where: string, value: unknown) => number {
  let detectedUnit: Unit | undefined;
  /** Whether a number other than 0 was read as milliseconds for lack of a plausible unit. */
  let hasSmallNumbers = false;
  const detectUnit = (where: string, number: number): Unit => {
    const otherFormat = detectOtherTimeFormat(number);
    // Among numbers that are no dates, such as counts of days, one can look like a date by chance.
    if (otherFormat === "date" && !hasSmallNumbers)
      throw new InputError(
        `${where}: ${number} looks like a date. ` +
          `Write it as "${`${number}`.replace(/(....)(..)(..)/, "$1-$2-$3")}", ` +
          "or pass --at-unit ms if it is a number of milliseconds.",
      );
    if (Math.abs(number) < MIN_PLAUSIBLE) {
      if (detectedUnit === undefined && number !== 0) hasSmallNumbers = true;
      return detectedUnit ?? "ms";
    }
    const foundUnit =
      otherFormat === undefined || otherFormat === "date" ? "ms" : DETECTED_UNITS[otherFormat];
    const unitBefore = detectedUnit ?? (hasSmallNumbers ? "ms" : undefined);
    if (unitBefore !== undefined && unitBefore !== foundUnit)
      throw new InputError(
        `${where}: ${number} looks like ${UNIT_NAMES[foundUnit]}, the times before it like ` +
          `${UNIT_NAMES[unitBefore]}. Write all times in one unit, and name it with --at-unit.`,
      );
    if (detectedUnit === undefined && foundUnit !== "ms")
      onNote(`times are read as ${UNIT_NAMES[foundUnit]} (as with --at-unit ${foundUnit})`);
    detectedUnit = foundUnit;
    return foundUnit;
  };
  return (where, value) => {
    const text = typeof value === "string" ? value.trim() : undefined;
    const isoTime = text === undefined ? undefined : parseIsoTime(text);
    if (isoTime !== undefined) return isoTime;
    const number = text === undefined ? value : parseDecimal(text);
    if (typeof number !== "number" || !Number.isFinite(number))
      throw new InputError(`${where}: expected ${TIME_FORMATS}, saw ${inspect(value)}.`);
    const actualUnit = unit === "auto" ? detectUnit(where, number) : unit;
    return actualUnit === "ms" ? number : Math.round(number * MS_PER_UNIT[actualUnit]);
  };
}
