/**
 * One memory budget for all sages of an isolate (a page, a worker, a process), for what they hold
 * between calls. Sages over the budget are released, the least recently used first; each is
 * restored from its store when it is used again.
 */
import { checkInteger } from "../values/check.js";

/**
 * Default of `setMemoryBudget`, in bytes: an eighth of what a Cloudflare isolate has. The rest is
 * for a catalogue, the working memory of a call, and what the garbage collector has not freed yet.
 */
const DEFAULT_BUDGET_BYTES = 16 << 20;

let budgetBytes = DEFAULT_BUDGET_BYTES;
let heldBytes = 0;
/** The bytes that each release function would free, the least recently used first. */
const bytesByRelease = new Map<() => void, number>();

/**
 * Sets how many bytes all sages in this isolate may hold between calls, for histories, profiles and
 * sessions. Beyond it, sages that were used least recently are released: their next call reads the
 * store again and computes the same results. The sage used last is always kept, and those with
 * changes that could not be stored. Default: 16 MiB, for the 128 MB of a Cloudflare isolate. Throws
 * code "option" unless `bytes` is a whole number of at least 0.
 */
export function setMemoryBudget(bytes: number): void {
  budgetBytes = checkInteger("setMemoryBudget", bytes, 0, Number.MAX_SAFE_INTEGER);
  releaseLeastRecentlyUsed();
}

/**
 * Marks the memory that `release` frees as most recently used; `bytes` is its size. While the sum
 * of all sizes exceeds the budget, releases the least recently used memory.
 */
export function trackUse(release: () => void, bytes: number): void {
  untrack(release);
  bytesByRelease.set(release, bytes);
  heldBytes += bytes;
  releaseLeastRecentlyUsed();
}

/** Stops counting the memory that `release` frees, without calling `release`. */
export function untrack(release: () => void): void {
  heldBytes -= bytesByRelease.get(release) ?? 0;
  bytesByRelease.delete(release);
}

function releaseLeastRecentlyUsed(): void {
  for (const release of bytesByRelease.keys()) {
    if (heldBytes <= budgetBytes || bytesByRelease.size === 1) return;
    untrack(release);
    release();
  }
}
