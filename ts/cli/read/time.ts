/** Times in options and files. */
import { parseIsoTime } from "../../values/time.js";
import { parseDecimal } from "./number.js";

/** The formats that {@link readTime} accepts, for messages. */
export const TIME_FORMATS =
  "milliseconds since 1970 or an ISO time with its zone (2026-01-31, 2026-01-31T12:00:00Z)";

/** Milliseconds since the epoch, or undefined if the value is not a time. */
export function readTime(value: unknown): number | undefined {
  const time = typeof value === "string" ? parseTimeText(value.trim()) : value;
  return typeof time === "number" && Number.isFinite(time) ? time : undefined;
}

function parseTimeText(text: string): number {
  return parseIsoTime(text) ?? parseDecimal(text);
}
