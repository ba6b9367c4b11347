/** Formats numbers, times and lists as English text. */

// Each Intl format loads locale data, some 10 ms: it is created at its first use.
const percentFormat = once(
  () => new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 0 }),
);
const relativeTimeFormat = once(() => new Intl.RelativeTimeFormat("en", { numeric: "auto" }));
const listFormat = once(() => new Intl.ListFormat("en"));
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

/** A fraction of 1 as a percentage: "42%" */
export function formatShare(fraction: number): string {
  return percentFormat().format(fraction);
}

/** A count with its noun: "1 interest", "3 interests" */
export function formatCount(count: number, singular: string, plural = `${singular}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? singular : plural}`;
}

/**
 * The age of a time in milliseconds since 1970: "just now" (under a minute), "5 minutes ago",
 * "yesterday".
 */
export function formatAge(time: number, now = Date.now()): string {
  const age = now - time;
  const [unit, length] = TIME_UNITS.find(([, length]) => age >= length) ?? [];
  return unit === undefined
    ? "just now"
    : relativeTimeFormat().format(-Math.round(age / length), unit);
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

/** Names as one phrase: "pizza", "pizza and dog", "pizza, dog and tennis" */
export function formatList(names: readonly string[]): string {
  return listFormat().format(names);
}

function once<T>(create: () => T): () => T {
  let created: T | undefined;
  return () => {
    created ??= create();
    return created;
  };
}
