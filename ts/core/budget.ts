/**
 * The memory that sages hold between calls, bounded over all sages of an isolate (a page, a worker,
 * a process). What they hold can be restored from their stores, so the least recently used ones are
 * released.
 */
import { checkInteger } from "../check.js";

/**
 * Default of `setMemoryBudget`, in bytes: an eighth of what a Cloudflare isolate has. The rest is
 * for a catalogue, the working memory of a call, and what the garbage collector has not freed yet.
 */
const DEFAULT_BUDGET_BYTES = 16 << 20;

let budget = DEFAULT_BUDGET_BYTES;
let total = 0;
/** The release functions and bytes of what is kept, the least recently used first. */
const kept = new Map<() => void, number>();

/**
 * Sets how many bytes all sages in this isolate may hold between calls, for histories, profiles and
 * sessions. Beyond it, sages that were used least recently are released: their next call reads the
 * store again and computes the same results. The sage used last is always kept, and those with
 * changes that could not be stored. Default: 16 MiB, for the 128 MB of a Cloudflare isolate. Throws
 * "option" unless `bytes` is a whole number of at least 0.
 */
export function setMemoryBudget(bytes: number): void {
  budget = checkInteger("setMemoryBudget", bytes, 0, Number.MAX_SAFE_INTEGER);
  releaseOldest();
}

/**
 * Marks what `release` frees as most recently used, and as this many bytes. Releases others, the
 * least recently used first, while the sum exceeds the budget.
 */
export function keep(release: () => void, bytes: number): void {
  forget(release);
  kept.set(release, bytes);
  total += bytes;
  releaseOldest();
}

/** Counts what `release` frees no longer, and does not call it. */
export function forget(release: () => void): void {
  total -= kept.get(release) ?? 0;
  kept.delete(release);
}

function releaseOldest(): void {
  for (const release of kept.keys()) {
    if (total <= budget || kept.size === 1) return;
    forget(release);
    release();
  }
}
