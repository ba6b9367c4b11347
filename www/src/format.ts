/**
 * Formats numbers, times and lists as English text. Without `Intl`, whose first use loads locale
 * data: 10 ms for each kind of format, on a phone 40 ms.
 */

const MINUTE_MS = 60_000;
/** Units of relative times and their lengths in milliseconds, longest first. */
const TIME_UNITS = [
  ["year", 365 * 24 * 60 * MINUTE_MS],
  ["month", 30 * 24 * 60 * MINUTE_MS],
  ["week", 7 * 24 * 60 * MINUTE_MS],
  ["day", 24 * 60 * MINUTE_MS],
  ["hour", 60 * MINUTE_MS],
  ["minute", MINUTE_MS],
] as const;

/** One unit ago, in a word. */
const LAST = new Map<string, string>([
  ...(["year", "month", "week"] as const).map((unit) => [unit, `last ${unit}`] as const),
  ["day", "yesterday"],
]);

/** A fraction of 1 as a percentage: "42%" */
export function formatShare(fraction: number): string {
  return `${Math.round(fraction * 100)}%`;
}

/** A count with its noun: "1 interest", "3 interests" */
export function formatCount(count: number, singular: string, plural = `${singular}s`): string {
  return `${formatInteger(count)} ${count === 1 ? singular : plural}`;
}

/** An integer with commas between groups of three digits: "5,980" */
export function formatInteger(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

/**
 * The age of a time in milliseconds since 1970: "just now" (under a minute), "5 minutes ago",
 * "yesterday".
 */
export function formatAge(time: number, now = Date.now()): string {
  const age = now - time;
  const [unit, length] = TIME_UNITS.find(([, length]) => age >= length) ?? [];
  if (unit === undefined) return "just now";
  const count = Math.round(age / length);
  return (count === 1 && LAST.get(unit)) || `${formatCount(count, unit)} ago`;
}

/** A number of bytes with its unit: "640 B", "12 kB", "1.2 MB" */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** A duration with its unit: "0.8 ms", "12 ms" */
export function formatDuration(milliseconds: number): string {
  return `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`;
}

/** Names as one phrase: "pizza", "pizza and dog", "pizza, dog, and tennis" */
export function formatList(names: readonly string[]): string {
  if (names.length < 3) return names.join(" and ");
  return `${names.slice(0, -1).join(", ")}, and ${names.at(-1)}`;
}
