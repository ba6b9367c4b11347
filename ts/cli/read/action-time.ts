/** Times of actions: the unit of numbers is given, or detected and reported. */
import { inspect } from "../../values/check.js";
import { detectOtherTimeFormat, parseIsoTime } from "../../values/time.js";
import { InputError } from "../command-error.js";
import { parseDecimal } from "./number.js";
import type { OnNote } from "./row.js";
import { TIME_FORMATS } from "./time.js";

/** Milliseconds a unit. */
const MS_PER_UNIT = { s: 1000, ms: 1, us: 1e-3, ns: 1e-6 } as const;
type Unit = keyof typeof MS_PER_UNIT;

export const TIME_UNITS = ["auto", "s", "ms", "us", "ns"] as const;
export type TimeUnit = (typeof TIME_UNITS)[number];

const UNIT_NAMES = { s: "seconds", ms: "milliseconds", us: "microseconds", ns: "nanoseconds" };
const DETECTED_UNITS = { seconds: "s", microseconds: "us", nanoseconds: "ns" } as const;
/** Smaller numbers have no plausible unit: they are taken for milliseconds. */
const MIN_PLAUSIBLE = 1e8;

/** Reads the times of one file, in which numbers must have one unit. */
export function actionTimeReader(
  unit: TimeUnit,
  onNote: OnNote,
): (where: string, value: unknown) => number {
  let detected: Unit | undefined;
  const detect = (where: string, number: number): Unit => {
    const other = detectOtherTimeFormat(number);
    if (other === "date")
      throw new InputError(
        `${where}: ${number} looks like a date. ` +
          `Write it as "${`${number}`.replace(/(....)(..)(..)/, "$1-$2-$3")}", ` +
          "or pass --at-unit ms if it is a number of milliseconds.",
      );
    if (Math.abs(number) < MIN_PLAUSIBLE) return detected ?? "ms";
    const found = other ? DETECTED_UNITS[other] : "ms";
    if (detected !== undefined && detected !== found)
      throw new InputError(
        `${where}: ${number} looks like ${UNIT_NAMES[found]}, the times before it like ` +
          `${UNIT_NAMES[detected]}. Write all times in one unit, and name it with --at-unit.`,
      );
    if (detected === undefined && found !== "ms")
      onNote(`times are read as ${UNIT_NAMES[found]} (as with --at-unit ${found})`);
    detected = found;
    return found;
  };
  return (where, value) => {
    const text = typeof value === "string" ? value.trim() : undefined;
    const iso = text === undefined ? undefined : parseIsoTime(text);
    if (iso !== undefined) return iso;
    const number = text === undefined ? value : parseDecimal(text);
    if (typeof number !== "number" || !Number.isFinite(number))
      throw new InputError(`${where}: expected ${TIME_FORMATS}, saw ${inspect(value)}.`);
    const actual = unit === "auto" ? detect(where, number) : unit;
    return actual === "ms" ? number : Math.round(number * MS_PER_UNIT[actual]);
  };
}
