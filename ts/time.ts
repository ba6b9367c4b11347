/** Times: ISO 8601 text, and numbers whose unit is probably not milliseconds. */

/**
 * A date, which is UTC midnight, or a date and time with its zone: without one the result would
 * depend on the machine.
 */
const HOUR_AND_MINUTE = "(?:[01]\\d|2[0-3]):?[0-5]\\d";
const ISO_TIME = new RegExp(
  `^(\\d{4}-\\d\\d-\\d\\d)(?:[T ](${HOUR_AND_MINUTE}(?::[0-5]\\d(?:\\.\\d+)?)?)(Z|[+-]${HOUR_AND_MINUTE}))?$`,
);

/** Milliseconds since the epoch; undefined for other text and for a date that does not exist. */
export function parseIsoTime(text: string): number | undefined {
  const [, date, time, zone] = ISO_TIME.exec(text) ?? [];
  if (date === undefined) return undefined;
  // 30 February is rejected by some engines and is 2 March in others.
  const midnight = Date.parse(date);
  if (Number.isNaN(midnight) || !new Date(midnight).toISOString().startsWith(date))
    return undefined;
  return time === undefined
    ? midnight
    : Date.parse(`${date}T${time}${zone!.replace(/(\d\d):?(\d\d)$/, "$1:$2")}`);
}

/** What a number is if it is not a time in milliseconds: another unit, or a date as digits. */
export type OtherTimeFormat = "seconds" | "microseconds" | "nanoseconds" | "date";

/**
 * What the number probably is instead of milliseconds since the epoch; undefined if milliseconds
 * are plausible. Seconds, microseconds and nanoseconds are taken for times from 1973 to 2103. A
 * date is an integer of the form YYYYMMDD from 1900 to 2100, as in 20251004.
 */
export function detectOtherTimeFormat(value: number): OtherTimeFormat | undefined {
  if (value >= 1e8 && value < 4.2e9) return "seconds";
  if (value >= 1e14 && value < 4.2e15) return "microseconds";
  if (value >= 1e17 && value < 4.2e18) return "nanoseconds";
  const isDate =
    value >= 19000101 &&
    value <= 21001231 &&
    /^\d{4}(0[1-9]|1[0-2])([0-2]\d|3[01])$/.test(`${value}`);
  return isDate ? "date" : undefined;
}
