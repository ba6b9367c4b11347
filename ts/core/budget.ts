/**
 * The memory that sessions keep between calls, bounded over all sages of an isolate (a page, a
 * worker, a process). A session is a cache, so the least recently used ones are released, and
 * rebuilt when they are used again.
 */
import { checkInteger } from "../check.js";
import { onRestart } from "./glue.js";

/**
 * Default of `setSessionBudget`, in bytes: a quarter of what a Cloudflare isolate has. The rest is
 * for catalogues, histories, and the working memory of one clustering.
 */
const DEFAULT_BUDGET_BYTES = 32 << 20;

let budget = DEFAULT_BUDGET_BYTES;
let total = 0;
/** The release functions and bytes of what is kept, the least recently used first. */
const kept = new Map<() => void, number>();
let followsRestarts = false;

/**
 * Sets how many bytes the sessions of all sages in this isolate may keep between calls; those that
 * were used least recently are released first, and rebuilt by their next call. Results do not
 * depend on it. The session used last is always kept. Default: 32 MiB, for the 128 MB of a
 * Cloudflare isolate. Throws "option" unless `bytes` is a whole number of at least 0.
 */
export function setSessionBudget(bytes: number): void {
  budget = checkInteger("setSessionBudget", bytes, 0, Number.MAX_SAFE_INTEGER);
  releaseOldest();
}

/**
 * Marks what `release` frees as most recently used, and as this many bytes. Releases others, the
 * least recently used first, while the sum exceeds the budget. `release` must be idempotent.
 */
export function keep(release: () => void, bytes: number): void {
  // A crash replaces the memory of all of them.
  if (!followsRestarts) onRestart(() => [...kept.keys()].forEach(drop));
  followsRestarts = true;
  forget(release);
  kept.set(release, bytes);
  total += bytes;
  releaseOldest();
}

/** Calls `release`, and counts its bytes no longer. */
export function drop(release: () => void): void {
  forget(release);
  release();
}

function forget(release: () => void): void {
  total -= kept.get(release) ?? 0;
  kept.delete(release);
}

function releaseOldest(): void {
  for (const release of kept.keys()) {
    if (total <= budget || kept.size === 1) return;
    drop(release);
  }
}
