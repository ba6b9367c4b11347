/** Parses times in ISO 8601, and detects numeric times that are not in milliseconds. */

/** Milliseconds of a day of 24 hours. */
export const MS_PER_DAY = 86_400_000;

/** Regular expression source of a 24-hour time such as "23:59" or "2359". */
const HOUR_AND_MINUTE = "(?:[01]\\d|2[0-3]):?[0-5]\\d";
/**
 * An ISO 8601 date (UTC midnight), or a date and time with its zone. The zone is required, because
 * a time without one depends on the machine's zone.
 */
const ISO_TIME = new RegExp(
  `^(\\d{4}-\\d\\d-\\d\\d)` +
    `(?:[T ](${HOUR_AND_MINUTE}(?::[0-5]\\d(?:\\.\\d+)?)?)(Z|[+-]${HOUR_AND_MINUTE}))?$`,
);

/**
 * Parses an ISO 8601 date or time to milliseconds since the epoch. Undefined for other text and for
 * a date that does not exist.
 */
export function parseIsoTime(text: string): number | undefined {
  const [, date, time, zone] = ISO_TIME.exec(text) ?? [];
  if (date === undefined) return undefined;
  // For 30 February, some JavaScript engines return NaN and others 2 March.
  const midnight = Date.parse(date);
  if (Number.isNaN(midnight) || !new Date(midnight).toISOString().startsWith(date))
    return undefined;
  return time === undefined
    ? midnight
    : Date.parse(`${date}T${time}${zone!.replace(/(\d\d):?(\d\d)$/, "$1:$2")}`);
}

/** A numeric time that is not in milliseconds: another unit, or "date" for the digits YYYYMMDD. */
export type OtherTimeFormat = "seconds" | "microseconds" | "nanoseconds" | "date";

/**
 * Detects a time that is probably not in milliseconds since the epoch; undefined if milliseconds
 * are plausible. Seconds, microseconds and nanoseconds are recognized for times from 1973 to 2103,
 * dates as whole numbers YYYYMMDD from 1900 to 2100, such as 20251004.
 */
export function detectOtherTimeFormat(value: number): OtherTimeFormat | undefined {
  if (value >= 1e8 && value < 4.2e9) return "seconds";
  if (value >= 1e14 && value < 4.2e15) return "microseconds";
  if (value >= 1e17 && value < 4.2e18) return "nanoseconds";
  const date = `${value}`.replace(/^(19..|20..|2100)(..)(..)$/, "$1-$2-$3");
  return parseIsoTime(date) === undefined ? undefined : "date";
}
