/** Times in options and files. */

/** The formats that {@link readTime} accepts, for messages. */
export const TIME_FORMATS =
  "milliseconds since 1970 or an ISO time with its zone (2026-01-31, 2026-01-31T12:00:00Z)";

/**
 * A date, which is UTC midnight, or a date and time with its zone: without one the result would
 * depend on the machine.
 */
const ISO_TIME = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2}))?$/;

/** Milliseconds since the epoch, or undefined if the value is not a time. */
export function readTime(value: unknown): number | undefined {
  const time = typeof value === "string" ? parseTimeText(value.trim()) : value;
  return typeof time === "number" && Number.isFinite(time) ? time : undefined;
}

function parseTimeText(text: string): number {
  if (ISO_TIME.test(text)) return Date.parse(text);
  return text === "" ? NaN : Number(text);
}
