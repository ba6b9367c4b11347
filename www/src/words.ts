/** Numbers and times in words. */

const percent = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 0 });
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const MINUTE = 60_000;
const UNITS = [
  ["year", 365 * 24 * 60 * MINUTE],
  ["month", 30 * 24 * 60 * MINUTE],
  ["week", 7 * 24 * 60 * MINUTE],
  ["day", 24 * 60 * MINUTE],
  ["hour", 60 * MINUTE],
  ["minute", MINUTE],
] as const;

/** "42%" */
export function share(part: number): string {
  return percent.format(part);
}

/** "1 interest", "3 interests" */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

/** "just now", "5 minutes ago", "yesterday" */
export function ago(at: number, now = Date.now()): string {
  const past = now - at;
  const [unit, length] = UNITS.find(([, length]) => past >= length) ?? [];
  return unit === undefined ? "just now" : relative.format(-Math.round(past / length), unit);
}

/** "640 B", "12 kB", "1.2 MB" */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** "0.8 ms", "12 ms" */
export function duration(milliseconds: number): string {
  return `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`;
}

/** "pizza", "pizza and dog", "pizza, dog and tennis" */
export function listed(names: readonly string[]): string {
  return new Intl.ListFormat("en").format(names);
}
