/** Times as callers give them, and the clock. */

import { SageError } from "../errors.js";
import { inspect, unexpected } from "../values/check.js";
import { detectOtherTimeFormat, parseIsoTime } from "../values/time.js";

/** A time: milliseconds since the epoch, a Date, or an ISO 8601 date or date-time with a zone. */
export type TimeInput = number | Date | string;

/**
 * Returns `value` as milliseconds since the epoch. Throws "not-finite" for NaN and infinities,
 * "option" for impossible dates, other types, and numbers that look like another unit.
 */
export function checkTime(where: string, value: unknown): number {
  const dateOrNumber = value instanceof Date ? value.getTime() : value;
  const time = typeof value === "string" ? parseIsoTime(value) : dateOrNumber;
  const otherFormat = typeof value === "number" ? detectOtherTimeFormat(value) : undefined;
  // JSON turns -0 into 0.
  if (typeof time === "number" && Number.isFinite(time) && !otherFormat) return time + 0;
  const unit = otherFormat ? `, probably a time in another unit (${otherFormat})` : "";
  throw new SageError(
    typeof time === "number" && !otherFormat ? "not-finite" : "option",
    `${where}: expected milliseconds since the epoch, a Date, or ISO 8601 text such as ` +
      `"2025-10-04T12:30:00Z", saw ${inspect(value)}${unit}.`,
  );
}

/** The clock, checked at every reading: throws "option" unless it returns a finite number. */
export function checkedClock(now: () => number): () => number {
  return () => {
    const time: unknown = now();
    if (typeof time === "number" && Number.isFinite(time)) return time;
    throw unexpected("openSage: now", "milliseconds from the clock", time);
  };
}
