/** Times as people and programs write them. */

/** For messages: what {@link readTime} reads. */
export const HOW_TO_WRITE_TIMES =
  "milliseconds since 1970 or an ISO time with its zone (2026-01-31, 2026-01-31T12:00:00Z)";

/** A time of day must say its zone, or the same file would mean another moment on another machine; a date alone is UTC. */
const ISO = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2}))?$/;

/** Milliseconds since the epoch, or undefined for what is not a time. */
export function readTime(value: unknown): number | undefined {
  const time = typeof value === "string" ? readText(value.trim()) : value;
  return typeof time === "number" && Number.isFinite(time) ? time : undefined;
}

function readText(text: string): number {
  if (ISO.test(text)) return Date.parse(text);
  return text === "" ? NaN : Number(text);
}
