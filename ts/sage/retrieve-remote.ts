/** Asking a retriever that is not ours: it may fail, hang or answer nonsense, and none of that becomes an empty list. */
import { checkAbort, inspect } from "../check.js";
import { asSageError, SageError } from "../errors.js";
import type { Hit, Query, Retriever } from "../retriever.js";

/** The retriever's checked answer. Rejects "aborted" as soon as the signal fires, "retrieval" for everything that goes wrong there. */
export async function retrieve(
  retriever: Retriever,
  queries: readonly Query[],
  signal: AbortSignal | undefined,
): Promise<Hit[][]> {
  checkAbort(signal);
  const stop = new AbortController();
  try {
    const aborted = new Promise<never>((_, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason), { signal: stop.signal });
    });
    const answer = await Promise.race([retriever(queries, signal), aborted]);
    checkAbort(signal);
    return checkAnswer(answer, queries.length);
  } catch (error) {
    checkAbort(signal);
    throw asSageError(error, "retrieval", "The retriever failed");
  } finally {
    stop.abort();
  }
}

function checkAnswer(answer: unknown, count: number): Hit[][] {
  if (!Array.isArray(answer) || answer.length !== count || !answer.every(Array.isArray)) {
    throw new SageError(
      "retrieval",
      `The retriever must answer ${count} queries with ${count} lists, and gave ${inspect(answer)}.`,
    );
  }
  for (const hit of (answer as unknown[][]).flat()) {
    const { item, score } = (hit ?? {}) as Partial<Hit>;
    if (typeof item !== "string" || item === "" || !Number.isFinite(score)) {
      const seen = `item ${inspect(item)} and score ${inspect(score)}`;
      throw new SageError(
        "retrieval",
        `The retriever gave a hit with ${seen}; expected an id and a finite number.`,
      );
    }
  }
  return answer as Hit[][];
}
