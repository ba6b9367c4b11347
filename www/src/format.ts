/** Formats numbers, times and lists as English text. */

const percent = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 0 });
const relativeTime = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const conjunction = new Intl.ListFormat("en");
const MINUTE = 60_000;
const TIME_UNITS = [
  ["year", 365 * 24 * 60 * MINUTE],
  ["month", 30 * 24 * 60 * MINUTE],
  ["week", 7 * 24 * 60 * MINUTE],
  ["day", 24 * 60 * MINUTE],
  ["hour", 60 * MINUTE],
  ["minute", MINUTE],
] as const;

/** A fraction of 1: "42%" */
export function formatShare(fraction: number): string {
  return percent.format(fraction);
}

/** "1 interest", "3 interests" */
export function formatCount(count: number, singular: string, plural = `${singular}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? singular : plural}`;
}

/** Times in milliseconds since 1970: "just now" (under a minute), "5 minutes ago", "yesterday" */
export function formatAge(time: number, now = Date.now()): string {
  const age = now - time;
  const [unit, length] = TIME_UNITS.find(([, length]) => age >= length) ?? [];
  return unit === undefined ? "just now" : relativeTime.format(-Math.round(age / length), unit);
}

/** "640 B", "12 kB", "1.2 MB" */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** "0.8 ms", "12 ms" */
export function formatDuration(milliseconds: number): string {
  return `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`;
}

/** "pizza", "pizza and dog", "pizza, dog and tennis" */
export function formatList(names: readonly string[]): string {
  return conjunction.format(names);
}
