/**
 * Retrieval through a custom retriever, which may throw, hang or return invalid data: every failure
 * is an error, never an empty list.
 */

import { asSageError, SageError } from "../errors.js";
import type { Hit, Query, Retriever } from "../retriever.js";
import { checkAbort, inspect, isItemId } from "../values/check.js";

/**
 * Call the retriever and validate its result. Rejects with code "aborted" as soon as the signal
 * fires, even if the retriever ignores it, and "retrieval" for any other failure.
 */
export async function retrieve(
  retriever: Retriever,
  queries: readonly Query[],
  signal: AbortSignal | undefined,
): Promise<Hit[][]> {
  checkAbort(signal);
  const listenerCleanup = new AbortController();
  try {
    const abortPromise = new Promise<never>((_, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason), {
        signal: listenerCleanup.signal,
      });
    });
    const answer = await Promise.race([retriever(queries, signal), abortPromise]);
    checkAbort(signal);
    return checkHitLists(answer, queries.length);
  } catch (error) {
    checkAbort(signal);
    throw asSageError(error, "retrieval", "The retriever failed");
  } finally {
    listenerCleanup.abort();
  }
}

function checkHitLists(answer: unknown, queryCount: number): Hit[][] {
  if (!Array.isArray(answer) || answer.length !== queryCount || !answer.every(Array.isArray)) {
    throw new SageError(
      "retrieval",
      `The retriever must return ${queryCount} lists for ${queryCount} queries, ` +
        `saw ${inspect(answer)}.`,
    );
  }
  for (const hit of (answer as unknown[][]).flat()) {
    const { item, score } = (hit ?? {}) as Partial<Hit>;
    // Scores are mixed as f32.
    if (!isItemId(item) || typeof score !== "number" || !Number.isFinite(Math.fround(score))) {
      const description = `item ${inspect(item)} and score ${inspect(score)}`;
      throw new SageError(
        "retrieval",
        `The retriever returned ${description}; expected an id and a number in the range of f32.`,
      );
    }
  }
  return answer as Hit[][];
}
